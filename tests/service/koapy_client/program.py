"""What a user of KOAPY does with its own client, against whatever serves the port. Prints one JSON object."""

import json
import sys
import threading

from koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusServiceClient import KiwoomOpenApiPlusServiceClient

CODE = "005930"


def main(port):
    result = {}
    with KiwoomOpenApiPlusServiceClient(host="127.0.0.1", port=port) as client:
        api = client.get_stub()
        result["ensured"] = api.EnsureConnected()
        result["login"] = api.LoginCall()
        result["connected"] = api.GetConnectState()
        result["name"] = api.GetMasterCodeName(CODE)
        result["codes"] = len(api.GetCodeListByMarketAsList("0"))
        result["server"] = api.GetServerGubun()

        info = api.GetStockBasicInfoAsDict(CODE)
        result["info"] = {key: info[key] for key in ("종목코드", "종목명", "현재가")}

        daily = api.GetDailyStockDataAsDataFrame(CODE)
        result["daily"] = {"rows": len(daily), "columns": list(daily.columns)[:8], "first": list(daily["일자"][:2])}
        some = api.GetDailyStockDataAsDataFrame(CODE, end_date=daily["일자"][700])
        result["some"] = {"rows": len(some), "last": some["일자"].iloc[-1], "end": daily["일자"][700]}

        stream = api.GetRealDataForCodesAsStream([CODE], [10, 15, 20], readable_names=True)
        result["real"] = []
        for event in stream:
            if event.arguments[1].string_value != "주식체결":
                continue
            result["real"].append(dict(zip(event.single_data.names, event.single_data.values, strict=True)))
            if len(result["real"]) == 2:
                break
        stream.cancel()

        heard = threading.Event()
        seen = {}

        def callback(code, real_type, real_data):
            # Not every type of a stock carries the price.
            if real_type != "주식체결" or heard.is_set():
                return
            # Calls made in the handler see the event's data.
            seen.update(code=code, price=api.GetCommRealData(code, 10), fields=len(real_data.split("\t")))
            heard.set()

        api.OnReceiveRealData.connect(callback)
        # Not shared with the stream above: this one goes through Call.
        api.SetRealReg("0101", CODE, "10;15", "0")
        result["callback"] = heard.wait(30)
        api.OnReceiveRealData.disconnect(callback)
        result["seen"] = seen

        account = api.GetAccountList()[0]
        order = []
        for event in api.OrderCall("시장가 매수", "0001", account, 1, CODE, 1, 0, "03", ""):
            data = dict(zip(event.single_data.names, event.single_data.values, strict=True))
            order.append([event.name, data.get("주문상태", data.get("주문번호", ""))])
        result["order"] = order

        result["loaded"] = api.EnsureConditionLoaded()
        names = api.GetConditionNameListAsList()
        result["conditions"] = names
        result["found"] = len(api.GetCodeListByCondition(names[0][1]))
        codes, table = api.GetCodeListByCondition(names[1][1], with_info=True)
        result["with_info"] = [len(codes), len(table)]
    print(json.dumps(result, ensure_ascii=False))


main(int(sys.argv[1]))
