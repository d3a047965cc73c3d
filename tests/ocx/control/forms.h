// The windows of the test control: real ones, with the titles and controls of the vendor's.
#pragma once
#include <windows.h>

#include <functional>
#include <string>
#include <vector>

struct Field {
  enum Kind { LABEL, EDIT, CHECK, BUTTON } kind;
  std::wstring text;
};

class Form {
 public:
  // `pressed` is called with a button's caption; the form closes if it gives true.
  Form(const std::wstring &title, const std::vector<Field> &fields, std::function<bool(Form &, const std::wstring &)> pressed);
  ~Form();
  std::wstring text(int number) const;   // of the field with this number in the list
  bool checked(int number) const;
  bool open() const { return window_ != nullptr; }
  void run_modal();                      // until it is closed, with a message loop of its own

 private:
  static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM w, LPARAM l);
  HWND window_ = nullptr;
  std::vector<HWND> parts_;
  std::function<bool(Form &, const std::wstring &)> pressed_;
};
