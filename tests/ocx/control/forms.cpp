// Plain top-level windows made of edit fields, boxes and buttons.
#include "forms.h"

static const wchar_t FORM_CLASS[] = L"KHOpenAPITestForm";
static const int FIRST_ID = 1001;

Form::Form(const std::wstring &title, const std::vector<Field> &fields,
           std::function<bool(Form &, const std::wstring &)> pressed)
    : pressed_(pressed) {
  WNDCLASSW kind = {};
  kind.lpfnWndProc = procedure;
  kind.lpszClassName = FORM_CLASS;
  RegisterClassW(&kind);
  window_ = CreateWindowW(FORM_CLASS, title.c_str(), WS_OVERLAPPEDWINDOW | WS_VISIBLE, 0, 0, 400, 300, nullptr, nullptr,
                          nullptr, this);
  int y = 10, id = FIRST_ID;
  for (const Field &field : fields) {
    const wchar_t *class_name = field.kind == Field::EDIT ? L"EDIT" : field.kind == Field::LABEL ? L"STATIC" : L"BUTTON";
    const DWORD style = field.kind == Field::CHECK ? BS_AUTOCHECKBOX : field.kind == Field::EDIT ? WS_BORDER : 0;
    parts_.push_back(CreateWindowW(class_name, field.text.c_str(), WS_CHILD | WS_VISIBLE | style, 10, y, 300, 20, window_,
                                   reinterpret_cast<HMENU>(static_cast<INT_PTR>(id++)), nullptr, nullptr));
    y += 24;
  }
}

Form::~Form() {
  if (window_) DestroyWindow(window_);
}

std::wstring Form::text(int number) const {
  wchar_t content[512];
  const int length = GetWindowTextW(parts_[number], content, 512);
  return std::wstring(content, length);
}

bool Form::checked(int number) const { return SendMessageW(parts_[number], BM_GETCHECK, 0, 0) == BST_CHECKED; }

void Form::run_modal() {
  MSG message;
  while (window_ && GetMessageW(&message, nullptr, 0, 0) > 0) {
    TranslateMessage(&message);
    DispatchMessageW(&message);
  }
}

LRESULT CALLBACK Form::procedure(HWND window, UINT message, WPARAM w, LPARAM l) {
  if (message == WM_CREATE) {
    CREATESTRUCTW *made = reinterpret_cast<CREATESTRUCTW *>(l);
    SetWindowLongPtrW(window, GWLP_USERDATA, reinterpret_cast<LONG_PTR>(made->lpCreateParams));
  }
  Form *form = reinterpret_cast<Form *>(GetWindowLongPtrW(window, GWLP_USERDATA));
  if (form && message == WM_COMMAND && HIWORD(w) == BN_CLICKED) {
    wchar_t caption[128];
    GetWindowTextW(reinterpret_cast<HWND>(l), caption, 128);
    if (form->pressed_(*form, caption)) SendMessageW(window, WM_CLOSE, 0, 0);
    return 0;
  }
  if (form && message == WM_DESTROY) form->window_ = nullptr;
  return DefWindowProcW(window, message, w, l);
}
