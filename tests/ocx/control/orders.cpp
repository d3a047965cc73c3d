// Orders of the scripted broker: acceptance, fills, cancellation, and the notices of each.
#include <cstdlib>

#include "broker.h"
#include "contract.h"

namespace {

Text padded(long number, int width) {
  wchar_t text[32];
  swprintf(text, 32, L"%0*ld", width, number);
  return text;
}

Text now_hhmmss() {
  SYSTEMTIME now;
  GetLocalTime(&now);
  return padded(now.wHour * 10000L + now.wMinute * 100 + now.wSecond, 6);
}

}  // namespace

long Broker::send_order(const std::vector<Value> &a) {
  ++orders_seen_;
  if (!connected_) return -101;
  const unsigned long long now = GetTickCount64();
  std::vector<unsigned long long> recent;
  for (unsigned long long time : order_times_)
    if (now - time < 1000) recent.push_back(time);
  order_times_ = recent;
  if (recent.size() >= 5) return -308;
  order_times_.push_back(now);

  Order order;
  order.screen = a[1].text;
  order.account = a[2].text;
  order.code = a[4].text;
  order.quantity = order.left = a[5].number;
  order.price = a[6].number;
  order.quote = a[7].text;
  const long type = a[3].number;
  const Text original = a[8].text;
  order.side = type % 2 ? 2 : 1;
  if ((L";" + info_[L"ACCNO"]).find(L";" + order.account + L";") == Text::npos) return -302;
  if (type < 1 || type > 6) return -300;

  const bool cancel = type == 3 || type == 4, modify = type == 5 || type == 6;
  auto target = orders_.find(original);
  Text refusal;
  if ((cancel || modify) && (target == orders_.end() || !target->second.left))
    refusal = cancel ? L"[RC4033] 모의투자 취소할 수량이 없습니다" : L"[RC4061] 모의투자 원주문번호가 없습니다";
  else if (order.quote == L"03" && order.price)
    refusal = L"[RC4027] 모의투자 시장가 주문에는 단가를 입력하지 않습니다";
  else if (!cancel && !modify && type == 2 && holdings_[order.code] < order.quantity)
    refusal = L"[800033] 모의투자 매도가능수량이 부족합니다";

  if (refusal.empty()) order.number = padded(++order_number_ % 10000000, 7);
  const wchar_t *words = cancel ? (order.side == 2 ? L"[100000] 모의투자 매수취소 주문완료" : L"[100000] 모의투자 매도취소 주문완료")
                                : (order.side == 2 ? L"[100000] 모의투자 매수주문완료" : L"[100000] 모의투자 매도주문완료");
  const wchar_t *tr_code = cancel ? L"KOA_NORMAL_KP_CANCEL" : modify ? L"KOA_NORMAL_KP_MODIFY"
                           : order.side == 2 ? L"KOA_NORMAL_BUY_KP_ORD" : L"KOA_NORMAL_SELL_KP_ORD";
  auto message = std::make_shared<EventData>();
  message->id = EV_OnReceiveMsg;
  message->arguments = {order.screen, a[0].text, tr_code, refusal.empty() ? words : refusal.c_str()};
  post(message);
  auto answer = std::make_shared<EventData>();
  answer->id = EV_OnReceiveTrData;
  answer->tr_code = lower(tr_code);
  answer->single[L"주문번호"] = order.number;
  answer->arguments = {order.screen, a[0].text, tr_code, L"", L"", 0L, L"", L"", L""};
  post(answer);
  if (!refusal.empty()) return 0;

  order.kind = cancel ? (order.side == 2 ? L"매수취소" : L"매도취소")
               : modify ? (order.side == 2 ? L"+매수정정" : L"-매도정정") : (order.side == 2 ? L"+매수" : L"-매도");
  const Text zero = L"0000000";
  const long market_price = wcstol(settings_[L"price"].c_str(), nullptr, 10);
  if (cancel || modify) {
    Order &old = target->second;
    if (cancel) order.price = old.price;
    order.quantity = order.left = old.left;
    notice(order, L"접수", original, 0, 0);
    Order confirmed = order;
    if (cancel) confirmed.left = 0;
    notice(confirmed, L"확인", original, 0, 0);
    old.left = 0;
    notice(old, L"접수", zero, 0, 0);
    if (modify) orders_[order.number] = order;
    return 0;
  }
  orders_[order.number] = order;
  notice(order, L"접수", zero, 0, 0);
  if (order.side == 1) balance(order);
  const bool fills = order.quote == L"03" || (order.side == 2 ? order.price >= market_price : order.price <= market_price);
  if (!fills) return 0;
  // Two fills when there is something to divide, so that partial fills are seen too.
  const long first = order.quantity > 1 ? order.quantity / 2 : order.quantity;
  for (long part : {first, order.quantity - first}) {
    if (!part) continue;
    order.left -= part;
    holdings_[order.code] += order.side == 2 ? part : -part;
    notice(order, L"체결", zero, part, market_price);
    balance(order);
  }
  orders_[order.number] = order;
  return 0;
}

void Broker::notice(const Order &order, const wchar_t *status, const Text &original, long filled, long fill_price) {
  auto event = std::make_shared<EventData>();
  event->id = EV_OnReceiveChejanData;
  const Row &fids = fid_lists_[L"0"];
  for (const Text &fid : fids) event->fids[wcstol(fid.c_str(), nullptr, 10)] = defaults_[L"0"][fid];
  const long done = order.quantity - order.left;
  Text name = answers_[L"GetMasterCodeName\t" + order.code];
  name.append(name.size() < 20 ? 40 - 2 * name.size() : 0, L' ');  // 40 bytes of CP949
  auto &f = event->fids;
  f[9201] = order.account;
  f[9203] = order.number;
  f[9001] = L"A" + order.code;
  f[913] = status;
  f[302] = name;
  f[900] = std::to_wstring(order.quantity);
  f[901] = std::to_wstring(order.price);
  f[902] = std::to_wstring(order.left);
  f[903] = std::to_wstring(done * fill_price);
  f[904] = original;
  f[905] = order.kind;
  f[906] = order.quote == L"03" ? L"시장가" : L"보통";
  f[907] = std::to_wstring(order.side);
  f[908] = now_hhmmss();
  f[920] = order.screen;
  if (filled) {
    f[909] = std::to_wstring(++fill_number_);
    f[910] = f[914] = std::to_wstring(fill_price);
    f[911] = std::to_wstring(done);
    f[915] = std::to_wstring(filled);
  }
  event->arguments = {L"0", static_cast<long>(fids.size()), join(fids, L";")};
  post(event);
}

void Broker::balance(const Order &order) {
  auto event = std::make_shared<EventData>();
  event->id = EV_OnReceiveChejanData;
  const Row &fids = fid_lists_[L"1"];
  for (const Text &fid : fids) event->fids[wcstol(fid.c_str(), nullptr, 10)] = defaults_[L"1"][fid];
  const long held = holdings_[order.code];
  auto &f = event->fids;
  f[9201] = order.account;
  f[9001] = L"A" + order.code;
  f[302] = answers_[L"GetMasterCodeName\t" + order.code];
  f[930] = std::to_wstring(held);
  f[933] = std::to_wstring(order.side == 1 ? held - order.left : held);
  f[946] = std::to_wstring(order.side);
  event->arguments = {L"1", static_cast<long>(fids.size()), join(fids, L";")};
  post(event);
}

// Each notice that reached a handler stands in the journal, so that a test can tell which ones were delivered.
void Broker::journal(const Text &line) {
  const Text path = environment(L"KIWOOM_TEST_OCX_JOURNAL");
  if (path.empty()) return;
  const Text text = std::to_wstring(GetCurrentProcessId()) + L"\t" + line + L"\n";
  char utf8[512];
  int length = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), utf8, 512, nullptr, nullptr);
  HANDLE file = CreateFileW(path.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS,
                            FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return;
  DWORD written;
  WriteFile(file, utf8, length, &written, nullptr);
  CloseHandle(file);
}

