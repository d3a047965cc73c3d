// The scripted broker inside the test control: state and answers, no COM. Read script.tsv for its data.
#pragma once
#include <windows.h>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "forms.h"

typedef std::wstring Text;
typedef std::vector<Text> Row;

// An argument of a call or of an event: text, or a number when `is_long`.
struct Value {
  bool is_long = false;
  long number = 0;
  Text text;
  Value(long n) : is_long(true), number(n) {}
  Value(const Text &t) : text(t) {}
  Value(const wchar_t *t) : text(t) {}
};

// What a call gives back: one of the three, by the kind that the contract states.
struct Result {
  long number = 0;
  Text text;
  std::vector<Row> table;
  bool raised = false;  // the call ends with a COM exception: `number` is its HRESULT, `text` its words
};

// One page of a TR's answer.
struct Page {
  std::vector<Row> rows;
};

struct TrScript {
  Row items;                        // names of the multi record, in order
  std::map<Text, Text> single;      // the single record
  std::vector<Page> pages;
};

// An event with the data that its handlers may read.
struct EventData {
  int id = 0;
  std::vector<Value> arguments;
  Text tr_code;                     // OnReceiveTrData
  std::map<Text, Text> single;
  Row items;
  std::vector<Row> rows;
  std::map<long, Text> fids;        // OnReceiveRealData, OnReceiveChejanData
  Text key;                         // code of a real-time event
};

struct Tick {
  Text code, type;
  Row values;
};

struct Order {
  Text number, account, code, screen, kind, quote;
  long side = 2, quantity = 0, left = 0, price = 0;
};

class EventSink {
 public:
  virtual ~EventSink() {}
  virtual void fire(const EventData &event) = 0;
};

class Broker {
 public:
  explicit Broker(EventSink *sink);
  ~Broker();
  Result call(int id, const std::vector<Value> &arguments);

 private:
  static LRESULT CALLBACK window_procedure(HWND window, UINT message, WPARAM w, LPARAM l);
  void load_script();
  void read_line(const Row &words);
  void post(std::shared_ptr<EventData> event);
  void deliver_next();
  void on_timer(WPARAM which);
  void stream();
  const EventData *current(int id) const;

  void login();
  void show_login();
  void show_account_window();
  void show_box(const Row &words);
  void connected_with(long code);
  long request(const Text &rq_name, const Text &tr_code, long prev_next, const Text &screen);
  long request_watch_list(const Text &codes, const Text &rq_name, const Text &screen);
  Text tr_value(const Text &tr_code, long index, const Text &item) const;
  long register_real(const Text &screen, const Text &codes, const Text &option);
  void remove_real(const Text &screen, const Text &code);
  bool registered(const Text &code) const;
  void post_tick(const Tick &tick);
  long send_order(const std::vector<Value> &a);
  void notice(const Order &order, const wchar_t *status, const Text &original, long filled, long fill_price);
  void balance(const Order &order);
  void koa_function(const Text &name, const Text &parameter, Result *result);
  void journal(const Text &line);

  EventSink *sink_;
  std::unique_ptr<Form> form_;
  bool password_registered_ = false, automatic_ = false;
  HWND window_ = nullptr;
  std::deque<std::shared_ptr<EventData>> queue_;
  std::vector<const EventData *> stack_;
  static bool connected_;

  std::map<Text, Text> settings_, info_;
  std::map<Text, Text> answers_;                   // "Function\targuments" -> text
  std::map<Text, TrScript> trs_;
  std::map<Text, Row> fid_lists_;                  // of real types, and of notices "0" and "1"
  std::vector<Tick> ticks_;
  std::map<Text, std::map<Text, Text>> defaults_;  // notices: FID -> value
  std::map<Text, std::pair<Text, Text>> conditions_;  // number -> name, codes
  Row condition_order_;
  std::map<Text, long> holdings_;

  std::map<Text, Text> inputs_;
  std::map<Text, size_t> next_page_;
  std::map<Text, std::set<Text>> screens_;
  std::map<Text, size_t> next_tick_;
  std::map<Text, Text> running_conditions_;        // number -> screen
  std::map<Text, Order> orders_;
  std::vector<unsigned long long> order_times_;
  long order_number_ = 0, fill_number_ = 1000, orders_seen_ = 0, stream_count_ = 0;
};

std::vector<Text> split(const Text &text, wchar_t separator);
Text join(const Row &words, const wchar_t *separator);
Text lower(Text text);
std::wstring widen(const std::string &utf8);
Text environment(const wchar_t *name);
Text own_path();
