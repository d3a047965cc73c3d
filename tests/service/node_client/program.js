// What a program in another language does with the interface files: node program.js HOST:PORT PROTO
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [target, proto] = process.argv.slice(2);
const loaded = grpc.loadPackageDefinition(loader.loadSync(proto, { keepCase: true, longs: Number, defaults: true, oneofs: true }));
const { KiwoomOpenApiPlusService } = loaded.koapy.backend.kiwoom_open_api_plus.grpc;
const client = new KiwoomOpenApiPlusService(target, grpc.credentials.createInsecure());

const call = (name, ...args) =>
  new Promise((resolve, reject) => {
    const values = args.map((a) => (typeof a === "number" ? { long_value: a } : { string_value: a }));
    client.Call({ name, arguments: values }, (error, response) => {
      if (error) reject(error);
      else resolve(response.return_value[response.return_value.value]);
    });
  });

const all = (stream) =>
  new Promise((resolve, reject) => {
    const responses = [];
    stream.on("data", (response) => responses.push(response));
    stream.on("end", () => resolve(responses));
    stream.on("error", reject);
  });

async function main() {
  const result = {};
  const login = await all(client.LoginCall({}));
  result.login = login[0].arguments[0].long_value;
  result.name = await call("GetMasterCodeName", "005930");
  const answers = await all(client.TransactionCall({ transaction_code: "opt10001", inputs: { 종목코드: "005930" } }));
  const single = answers[0].single_data;
  result.info = single.values[single.names.indexOf("종목명")];
  const real = client.RealCall({ code_list: ["005930"], fid_list: [10, 20], flags: { readable_names: true } });
  result.real = await new Promise((resolve, reject) => {
    real.on("data", (response) => resolve(response.single_data.names));
    real.on("error", reject);
  });
  real.on("error", () => {});
  real.cancel();
  result.refused = await call("Nothing").catch((error) => error.code);
  const listen = client.BidirectionalListen();
  result.acknowledged = await new Promise((resolve, reject) => {
    let count = 0;
    listen.on("error", reject);
    listen.on("data", async (response) => {
      const code = response.arguments[0].string_value;
      const price = await call("GetCommRealData", code, 10);
      if (!/^[ +-]?\d*$/.test(price)) reject(new Error(`price ${price}`));
      count += 1;
      if (count === 2) {
        listen.write({ stop_listen_request: { time: 1 } });
        resolve(count);
      } else {
        listen.write({ handled_request: { time: 1 } });
      }
    });
    listen.write({ listen_request: { slots: ["OnReceiveRealData"] } });
    call("SetRealReg", "0101", "005930", "10;20", "0").catch(reject);
  });
  listen.end();
  console.log(JSON.stringify(result));
  client.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
