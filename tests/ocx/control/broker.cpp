// The scripted broker: login, TRs with pages, real-time data, conditions and orders from script.tsv.
#include "broker.h"

#include <cstdlib>

#include "contract.h"

namespace {

const UINT MESSAGE_EVENT = WM_APP + 1;
const WPARAM TIMER_LOGIN = 1, TIMER_STREAM = 2, TIMER_CONDITION = 3;
const size_t MOST_WAITING = 2000;  // a reader that does not read gets no more real-time data than this
const wchar_t WINDOW_CLASS[] = L"KHOpenAPITestControl";

int g_brokers = 0;

}  // namespace

std::vector<Text> split(const Text &text, wchar_t separator) {
  std::vector<Text> parts;
  size_t begin = 0;
  for (;;) {
    size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == Text::npos ? end : end - begin));
    if (end == Text::npos) return parts;
    begin = end + 1;
  }
}

Text join(const Row &words, const wchar_t *separator) {
  Text text;
  for (size_t i = 0; i < words.size(); ++i) text += (i ? separator : L"") + words[i];
  return text;
}

Text lower(Text text) {
  for (wchar_t &c : text) c = towlower(c);
  return text;
}

std::wstring widen(const std::string &utf8) {
  int length = MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), nullptr, 0);
  std::wstring text(length, L'\0');
  MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), &text[0], length);
  return text;
}

Text environment(const wchar_t *name) {
  wchar_t value[MAX_PATH];
  DWORD length = GetEnvironmentVariableW(name, value, MAX_PATH);
  return length && length < MAX_PATH ? Text(value, length) : Text();
}

// --- life -----------------------------------------------------------------------------------------------------

// The controls of one process share one login, which ends with the last of them.
bool Broker::connected_ = false;

Broker::Broker(EventSink *sink) : sink_(sink) {
  if (!g_brokers++) connected_ = false;
  WNDCLASSW kind = {};
  kind.lpfnWndProc = window_procedure;
  kind.lpszClassName = WINDOW_CLASS;
  RegisterClassW(&kind);  // fails from the second control on, which is right
  window_ = CreateWindowW(WINDOW_CLASS, L"", 0, 0, 0, 0, 0, HWND_MESSAGE, nullptr, nullptr, nullptr);
  SetWindowLongPtrW(window_, GWLP_USERDATA, reinterpret_cast<LONG_PTR>(this));
  load_script();
  // Two processes of one day must not give the same number, as two sessions of one account do not.
  order_number_ = static_cast<long>(GetCurrentProcessId() % 9000) * 1000;
}

Broker::~Broker() {
  --g_brokers;
  SetWindowLongPtrW(window_, GWLP_USERDATA, 0);
  DestroyWindow(window_);
}

LRESULT CALLBACK Broker::window_procedure(HWND window, UINT message, WPARAM w, LPARAM l) {
  Broker *broker = reinterpret_cast<Broker *>(GetWindowLongPtrW(window, GWLP_USERDATA));
  if (broker && message == MESSAGE_EVENT) return broker->deliver_next(), 0;
  if (broker && message == WM_TIMER) return broker->on_timer(w), 0;
  return DefWindowProcW(window, message, w, l);
}

void Broker::load_script() {
  Text path = environment(L"KIWOOM_TEST_OCX_SCRIPT");
  if (path.empty()) path = own_path().substr(0, own_path().find_last_of(L"\\/") + 1) + L"script.tsv";
  FILE *file = _wfopen(path.c_str(), L"rb");
  if (!file) return;
  std::string content;
  char buffer[4096];
  for (size_t count; (count = fread(buffer, 1, sizeof buffer, file)) > 0;) content.append(buffer, count);
  fclose(file);
  for (Text &line : split(widen(content), L'\n')) {
    if (!line.empty() && line.back() == L'\r') line.pop_back();
    if (!line.empty() && line[0] != L'#') read_line(split(line, L'\t'));
  }
  const Text server = environment(L"KIWOOM_TEST_OCX_SERVER"), login = environment(L"KIWOOM_TEST_OCX_LOGIN");
  if (!server.empty()) info_[L"GetServerGubun"] = server;
  if (!login.empty()) settings_[L"login"] = login;
}

// A line of the script: a word that says what it is, then its fields. The script itself says what each means.
void Broker::read_line(const Row &words) {
  const Text &what = words[0];
  auto word = [&](size_t i) { return i < words.size() ? words[i] : Text(); };
  if (what == L"set") {
    settings_[word(1)] = word(2);
  } else if (what == L"info") {
    info_[word(1)] = word(2);
  } else if (what == L"answer") {
    answers_[join(Row(words.begin() + 1, words.end() - 1), L"\t")] = words.back();
  } else if (what == L"items") {
    trs_[lower(word(1))].items = split(word(2), L';');
  } else if (what == L"single") {
    trs_[lower(word(1))].single[word(2)] = word(3);
  } else if (what == L"page") {
    trs_[lower(word(1))].pages.emplace_back();
  } else if (what == L"row" || what == L"fill") {
    TrScript &tr = trs_[lower(word(1))];
    if (tr.pages.empty()) tr.pages.emplace_back();
    const bool fill = what == L"fill";
    const long times = fill ? wcstol(word(2).c_str(), nullptr, 10) : 1;
    for (long i = 0; i < times; ++i) tr.pages.back().rows.push_back(split(word(fill ? 3 : 2), L';'));
  } else if (what == L"fids") {
    fid_lists_[word(1)] = split(word(2), L';');
  } else if (what == L"notice") {
    defaults_[word(1)][word(2)] = word(3);
  } else if (what == L"tick") {
    ticks_.push_back({word(1), word(2), split(word(3), L';')});
  } else if (what == L"condition") {
    conditions_[word(1)] = {word(2), word(3)};
    condition_order_.push_back(word(1));
  } else if (what == L"holding") {
    holdings_[word(1)] = wcstol(word(2).c_str(), nullptr, 10);
  }
}

// --- events ---------------------------------------------------------------------------------------------------

void Broker::post(std::shared_ptr<EventData> event) {
  queue_.push_back(event);
  PostMessageW(window_, MESSAGE_EVENT, 0, 0);
}

void Broker::deliver_next() {
  if (queue_.empty()) return;
  std::shared_ptr<EventData> event = queue_.front();
  queue_.pop_front();
  if (event->id == EV_OnReceiveRealData && !registered(event->key)) return;
  if (event->id == EV_OnEventConnect) connected_ = event->arguments[0].number == 0;
  if (event->id == EV_OnReceiveChejanData)
    journal(event->fids[event->fids.count(9203) ? 9203 : 9001] + L"\t" + event->fids[913] + L"\t" + event->fids[930]);
  stack_.push_back(event.get());
  sink_->fire(*event);
  stack_.pop_back();
}

const EventData *Broker::current(int id) const {
  for (size_t i = stack_.size(); i-- > 0;)
    if (stack_[i]->id == id) return stack_[i];
  return nullptr;
}

void Broker::on_timer(WPARAM which) {
  if (which == TIMER_LOGIN) {
    KillTimer(window_, TIMER_LOGIN);
    login();
  } else if (which == TIMER_STREAM) {
    stream();
  } else if (which == TIMER_CONDITION) {
    for (auto &running : running_conditions_) {
      const auto &condition = conditions_[running.first];
      const Row codes = split(condition.second, L';');
      const wchar_t *type = stream_count_++ % 2 ? L"I" : L"D";
      auto event = std::make_shared<EventData>();
      event->id = EV_OnReceiveRealCondition;
      event->arguments = {codes[0], type, condition.first, running.first};
      post(event);
    }
  }
}

void Broker::login() {
  if (environment(L"KIWOOM_TEST_OCX_WINDOWS") == L"1")
    show_login();
  else
    connected_with(wcstol(settings_[L"login"].c_str(), nullptr, 10));
}

void Broker::connected_with(long code) {
  auto event = std::make_shared<EventData>();
  event->id = EV_OnEventConnect;
  event->arguments = {Value(code)};
  post(event);
}

// --- windows --------------------------------------------------------------------------------------------------

// The login window: the right id and password (script) log in, anything else is refused with -100.
void Broker::show_login() {
  const std::vector<Field> fields = {
      {Field::LABEL, L"고객 ID"},        {Field::EDIT, L""},          {Field::LABEL, L"비밀번호"}, {Field::EDIT, L""},
      {Field::LABEL, L"인증비밀번호"}, {Field::EDIT, L""},          {Field::CHECK, L"모의투자 접속"},
      {Field::BUTTON, L"로그인"},        {Field::BUTTON, L"취소"},
  };
  form_.reset(new Form(L"Open API Login", fields, [this](Form &form, const Text &caption) {
    if (caption == L"취소") return connected_with(-100), true;
    if (caption != L"로그인") return false;
    const bool mock = form.checked(6);
    const bool right = form.text(1) == settings_[L"login_id"] && form.text(3) == settings_[L"login_password"] &&
                       (mock || form.text(5) == settings_[L"certificate_password"]);
    info_[L"GetServerGubun"] = mock ? L"1" : L"0";
    connected_with(right ? 0 : -100);
    return true;
  }));
}

// Modal, as the vendor's: the call comes back when the user has closed it.
void Broker::show_account_window() {
  const std::vector<Field> fields = {
      {Field::LABEL, L"계좌번호"},     {Field::EDIT, L"8012345611"},      {Field::LABEL, L"비밀번호"},
      {Field::EDIT, L""},                {Field::BUTTON, L"전체계좌에 등록"}, {Field::BUTTON, L"등록"},
      {Field::CHECK, L"AUTO"},           {Field::BUTTON, L"닫기"},
  };
  Form form(L"계좌비밀번호 입력 (버전: 3.12)", fields, [this](Form &form, const Text &caption) {
    if (caption == L"전체계좌에 등록") password_registered_ = form.text(3) == settings_[L"account_password"];
    automatic_ = form.checked(6);
    return caption == L"닫기";
  });
  form.run_modal();
}

// A box with a title, a text and buttons: words[0], words[1], words[2]...
void Broker::show_box(const Row &words) {
  std::vector<Field> fields = {{Field::LABEL, words[1]}};
  for (size_t i = 2; i < words.size(); ++i) fields.push_back({Field::BUTTON, words[i]});
  form_.reset(new Form(words[0], fields, [](Form &, const Text &) { return true; }));
}

// --- TRs ------------------------------------------------------------------------------------------------------

long Broker::request(const Text &rq_name, const Text &tr_code, long prev_next, const Text &screen) {
  const Text key = lower(tr_code);
  auto found = trs_.find(key);
  std::map<Text, Text> inputs;
  inputs.swap(inputs_);  // a request uses its inputs up
  if (!connected_) return -101;
  if (found == trs_.end()) return -201;
  const TrScript &tr = found->second;
  size_t page = prev_next == 2 ? next_page_[key] : 0;
  auto event = std::make_shared<EventData>();
  event->id = EV_OnReceiveTrData;
  event->tr_code = key;
  event->items = tr.items;
  event->single = tr.single;
  if (page < tr.pages.size()) event->rows = tr.pages[page].rows;
  next_page_[key] = page + 1;
  const bool more = page + 1 < tr.pages.size();
  event->arguments = {screen, rq_name, tr_code, L"", more ? L"2" : L"0", 0L, L"", L"", L""};
  auto message = std::make_shared<EventData>();
  message->id = EV_OnReceiveMsg;
  message->arguments = {screen, rq_name, tr_code, settings_[L"message"].c_str()};
  post(message);
  post(event);
  return 0;
}

long Broker::request_watch_list(const Text &codes, const Text &rq_name, const Text &screen) {
  if (!connected_) return -101;
  const TrScript &tr = trs_[L"optkwfid"];
  auto event = std::make_shared<EventData>();
  event->id = EV_OnReceiveTrData;
  event->tr_code = L"optkwfid";
  event->items = tr.items;
  for (const Text &code : split(codes, L';'))
    for (const Page &page : tr.pages)
      for (const Row &row : page.rows)
        if (row[0] == code) event->rows.push_back(row);
  event->arguments = {screen, rq_name, L"OPTKWFID", L"", L"0", 0L, L"", L"", L""};
  post(event);
  return 0;
}

Text Broker::tr_value(const Text &tr_code, long index, const Text &item) const {
  const EventData *event = current(EV_OnReceiveTrData);
  if (!event || event->tr_code != lower(tr_code) || index < 0) return L"";
  if (index == 0) {
    auto single = event->single.find(item);
    if (single != event->single.end()) return single->second;
  }
  if (static_cast<size_t>(index) >= event->rows.size()) return L"";
  const Row &row = event->rows[index];
  for (size_t i = 0; i < event->items.size() && i < row.size(); ++i)
    if (event->items[i] == item) return row[i];
  return L"";
}

// --- real-time data -------------------------------------------------------------------------------------------

long Broker::register_real(const Text &screen, const Text &codes, const Text &option) {
  if (!connected_) return -101;
  const Row wanted = split(codes, L';');
  if (wanted.size() > 100) return -204;
  std::set<Text> &registered_codes = screens_[screen];
  if (option == L"0") registered_codes.clear();
  for (const Text &code : wanted) registered_codes.insert(code);
  SetTimer(window_, TIMER_STREAM, wcstol(settings_[L"stream_ms"].c_str(), nullptr, 10), nullptr);
  return 0;
}

void Broker::remove_real(const Text &screen, const Text &code) {
  for (auto &entry : screens_)
    if (screen == L"ALL" || screen == entry.first) code == L"ALL" ? entry.second.clear() : (void)entry.second.erase(code);
}

bool Broker::registered(const Text &code) const {
  for (const auto &entry : screens_)
    if (entry.second.count(code)) return true;
  return false;
}

// One tick of each type of each registered code, in the script's turn.
void Broker::stream() {
  if (queue_.size() > MOST_WAITING) return;
  std::map<Text, std::vector<const Tick *>> turns;
  for (const Tick &tick : ticks_)
    if (registered(tick.code)) turns[tick.code + L"/" + tick.type].push_back(&tick);
  for (auto &turn : turns) post_tick(*turn.second[next_tick_[turn.first]++ % turn.second.size()]);
}

void Broker::post_tick(const Tick &tick) {
  auto event = std::make_shared<EventData>();
  event->id = EV_OnReceiveRealData;
  event->key = tick.code;
  event->arguments = {tick.code, tick.type, join(tick.values, L"\t")};
  const Row &fids = fid_lists_[tick.type];
  for (size_t i = 0; i < fids.size() && i < tick.values.size(); ++i)
    event->fids[wcstol(fids[i].c_str(), nullptr, 10)] = tick.values[i];
  post(event);
}

// --- calls ----------------------------------------------------------------------------------------------------

// `KOA_Functions`, with sub-functions of the test control's own besides the script's answers.
void Broker::koa_function(const Text &name, const Text &parameter, Result *result) {
  if (name == L"TestRaise") {
    result->raised = true;
    result->number = static_cast<long>(0x80040204);
    result->text = parameter;
  } else if (name == L"TestCrash") {
    TerminateProcess(GetCurrentProcess(), 3);
  } else if (name == L"TestOrdersSeen") {
    result->text = std::to_wstring(orders_seen_);
  } else if (name == L"TestWaiting") {
    result->text = std::to_wstring(queue_.size());
  } else if (name == L"TestDisconnect") {
    connected_ = false;
    connected_with(-106);
  } else if (name == L"TestBox") {
    show_box(split(parameter, L'|'));
  } else if (name == L"TestBoxOpen") {
    result->text = form_ && form_->open() ? L"1" : L"0";
  } else if (name == L"TestPassword") {
    result->text = Text(password_registered_ ? L"registered" : L"missing") + (automatic_ ? L",AUTO" : L"");
  } else if (name == L"ShowAccountWindow") {
    if (environment(L"KIWOOM_TEST_OCX_WINDOWS") == L"1") show_account_window();
  } else if (name == L"TestBurst") {  // as many ticks of the registered codes as asked, at once, and no stream
    KillTimer(window_, TIMER_STREAM);
    std::vector<const Tick *> wanted;
    for (const Tick &tick : ticks_)
      if (registered(tick.code)) wanted.push_back(&tick);
    const size_t count = wanted.empty() ? 0 : wcstol(parameter.c_str(), nullptr, 10);
    for (size_t i = 0; i < count; ++i) post_tick(*wanted[i % wanted.size()]);
    result->text = std::to_wstring(count);
  } else if (name == L"GetServerGubun") {
    result->text = info_[L"GetServerGubun"];
  } else {
    result->text = answers_[L"KOA_Functions\t" + name + L"\t" + parameter];
  }
}

Result Broker::call(int id, const std::vector<Value> &a) {
  Result result;
  switch (id) {
    case FN_CommConnect:
      SetTimer(window_, TIMER_LOGIN, wcstol(settings_[L"login_ms"].c_str(), nullptr, 10), nullptr);
      break;
    case FN_GetConnectState:
      result.number = connected_;
      break;
    case FN_GetLoginInfo:
      if (connected_) result.text = info_[a[0].text];
      break;
    case FN_SetInputValue:
      inputs_[a[0].text] = a[1].text;
      break;
    case FN_CommRqData:
      result.number = request(a[0].text, a[1].text, a[2].number, a[3].text);
      break;
    case FN_CommKwRqData:
      result.number = request_watch_list(a[0].text, a[4].text, a[5].text);
      break;
    case FN_GetRepeatCnt: {
      const EventData *event = current(EV_OnReceiveTrData);
      result.number = event && event->tr_code == lower(a[0].text) ? static_cast<long>(event->rows.size()) : 0;
      break;
    }
    case FN_GetDataCount: {
      const EventData *event = current(EV_OnReceiveTrData);
      result.number = event ? static_cast<long>(event->rows.size()) : 0;
      break;
    }
    case FN_GetOutputValue: {
      const EventData *event = current(EV_OnReceiveTrData);
      const size_t row = a[1].number, item = a[2].number;
      if (event && row < event->rows.size() && item < event->rows[row].size()) result.text = event->rows[row][item];
      break;
    }
    case FN_GetCommData:
      result.text = tr_value(a[0].text, a[2].number, a[3].text);
      break;
    case FN_CommGetData:
      if (a[1].text == L"-1") {
        const EventData *event = current(EV_OnReceiveChejanData);
        auto found = event ? event->fids.find(wcstol(a[2].text.c_str(), nullptr, 10)) : std::map<long, Text>::const_iterator();
        if (event && found != event->fids.end()) result.text = found->second;
      } else {
        result.text = tr_value(a[0].text, a[3].number, a[4].text);
      }
      break;
    case FN_GetCommDataEx: {
      const EventData *event = current(EV_OnReceiveTrData);
      if (event && event->tr_code == lower(a[0].text)) result.table = event->rows;
      break;
    }
    case FN_GetCommRealData: {
      const EventData *event = current(EV_OnReceiveRealData);
      if (event && event->key == a[0].text) {
        auto found = event->fids.find(a[1].number);
        if (found != event->fids.end()) result.text = found->second;
      }
      break;
    }
    case FN_GetChejanData: {
      const EventData *event = current(EV_OnReceiveChejanData);
      if (event) {
        auto found = event->fids.find(a[0].number);
        if (found != event->fids.end()) result.text = found->second;
      }
      break;
    }
    case FN_SetRealReg:
      result.number = register_real(a[0].text, a[1].text, a[3].text);
      break;
    case FN_SetRealRemove:
      remove_real(a[0].text, a[1].text);
      break;
    case FN_DisconnectRealData:
      remove_real(a[0].text, L"ALL");
      break;
    case FN_SendOrder:
      result.number = send_order(a);
      break;
    case FN_SendOrderFO:
    case FN_SendOrderCredit:
      ++orders_seen_;
      result.number = -300;
      break;
    case FN_GetConditionLoad: {
      auto event = std::make_shared<EventData>();
      event->id = EV_OnReceiveConditionVer;
      event->arguments = {1L, L"[OK] 사용자 조건검색식 읽기"};
      if (connected_) post(event);
      result.number = connected_;
      break;
    }
    case FN_GetConditionNameList:
      for (const Text &number : condition_order_) result.text += number + L"^" + conditions_[number].first + L";";
      break;
    case FN_SendCondition: {
      const Text number = std::to_wstring(a[2].number);
      auto found = conditions_.find(number);
      if (!connected_ || found == conditions_.end() || found->second.first != a[1].text) break;
      auto event = std::make_shared<EventData>();
      event->id = EV_OnReceiveTrCondition;
      event->arguments = {a[0].text, found->second.second, a[1].text, a[2].number, 0L};
      post(event);
      if (a[3].number == 1) {
        running_conditions_[number] = a[0].text;
        SetTimer(window_, TIMER_CONDITION, wcstol(settings_[L"condition_ms"].c_str(), nullptr, 10), nullptr);
      }
      result.number = 1;
      break;
    }
    case FN_SendConditionStop:
      running_conditions_.erase(std::to_wstring(a[2].number));
      if (running_conditions_.empty()) KillTimer(window_, TIMER_CONDITION);
      break;
    case FN_KOA_Functions:
      koa_function(a[0].text, a[1].text, &result);
      break;
    default: {  // master data and the like: the script's answer, as text or as a number
      Text key = FUNCTIONS[id].name;
      for (const Value &value : a) key += L"\t" + (value.is_long ? std::to_wstring(value.number) : value.text);
      auto found = answers_.find(key);
      if (found != answers_.end() && (connected_ || id == FN_GetAPIModulePath)) {
        result.text = found->second;
        result.number = wcstol(found->second.c_str(), nullptr, 10);
      }
    }
  }
  return result;
}
