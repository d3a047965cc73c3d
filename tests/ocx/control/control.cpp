// The COM side of the test control: class factory, IDispatch with an embedded type library, connection points, and
// registration. Everything that Qt's QAxWidget asks of a control without a window of its own, and no more.
#include <initguid.h>
#include <windows.h>
#include <ocidl.h>
#include <olectl.h>

#include <new>
#include <string>
#include <vector>

#include "broker.h"
#include "contract.h"

static HINSTANCE g_module;
static LONG g_objects;
static const IID NO_IID = {};

Text own_path() {
  wchar_t path[MAX_PATH];
  DWORD length = GetModuleFileNameW(g_module, path, MAX_PATH);
  return Text(path, length);
}

static ITypeInfo *type_info(REFGUID which) {
  ITypeLib *library = nullptr;
  ITypeInfo *info = nullptr;
  if (SUCCEEDED(LoadTypeLibEx(own_path().c_str(), REGKIND_NONE, &library))) {
    library->GetTypeInfoOfGuid(which, &info);
    library->Release();
  }
  return info;
}

// --- connections to event sinks -------------------------------------------------------------------------------

class EnumConnections : public IEnumConnections {
 public:
  virtual ~EnumConnections() {}
  explicit EnumConnections(const std::vector<CONNECTDATA> &all) : all_(all) {
    for (CONNECTDATA &data : all_) data.pUnk->AddRef();
  }
  STDMETHODIMP QueryInterface(REFIID iid, void **object) override {
    if (iid != IID_IUnknown && iid != IID_IEnumConnections) return *object = nullptr, E_NOINTERFACE;
    *object = this;
    AddRef();
    return S_OK;
  }
  STDMETHODIMP_(ULONG) AddRef() override { return ++references_; }
  STDMETHODIMP_(ULONG) Release() override {
    ULONG left = --references_;
    if (!left) {
      for (CONNECTDATA &data : all_) data.pUnk->Release();
      delete this;
    }
    return left;
  }
  STDMETHODIMP Next(ULONG count, CONNECTDATA *data, ULONG *fetched) override {
    ULONG given = 0;
    for (; given < count && position_ < all_.size(); ++given) {
      data[given] = all_[position_++];
      data[given].pUnk->AddRef();
    }
    if (fetched) *fetched = given;
    return given == count ? S_OK : S_FALSE;
  }
  STDMETHODIMP Skip(ULONG count) override { return position_ += count, S_OK; }
  STDMETHODIMP Reset() override { return position_ = 0, S_OK; }
  STDMETHODIMP Clone(IEnumConnections **copy) override {
    *copy = new EnumConnections(all_);
    return S_OK;
  }

 private:
  ULONG references_ = 1;
  size_t position_ = 0;
  std::vector<CONNECTDATA> all_;
};

class Control;

class EventPoint : public IConnectionPoint {
 public:
  explicit EventPoint(Control *owner) : owner_(owner) {}
  STDMETHODIMP QueryInterface(REFIID iid, void **object) override {
    if (iid != IID_IUnknown && iid != IID_IConnectionPoint) return *object = nullptr, E_NOINTERFACE;
    *object = static_cast<IConnectionPoint *>(this);
    AddRef();
    return S_OK;
  }
  STDMETHODIMP_(ULONG) AddRef() override;
  STDMETHODIMP_(ULONG) Release() override;
  STDMETHODIMP GetConnectionInterface(IID *iid) override { return *iid = DIID_EVENTS, S_OK; }
  STDMETHODIMP GetConnectionPointContainer(IConnectionPointContainer **container) override;
  STDMETHODIMP Advise(IUnknown *sink, DWORD *cookie) override {
    IDispatch *dispatch = nullptr;
    if (FAILED(sink->QueryInterface(DIID_EVENTS, reinterpret_cast<void **>(&dispatch))) &&
        FAILED(sink->QueryInterface(IID_IDispatch, reinterpret_cast<void **>(&dispatch))))
      return CONNECT_E_CANNOTCONNECT;
    *cookie = ++last_cookie_;
    sinks_.push_back({dispatch, *cookie});
    return S_OK;
  }
  STDMETHODIMP Unadvise(DWORD cookie) override {
    for (size_t i = 0; i < sinks_.size(); ++i)
      if (sinks_[i].dwCookie == cookie) {
        sinks_[i].pUnk->Release();
        sinks_.erase(sinks_.begin() + i);
        return S_OK;
      }
    return CONNECT_E_NOCONNECTION;
  }
  STDMETHODIMP EnumConnections(IEnumConnections **all) override {
    *all = new ::EnumConnections(sinks_);
    return S_OK;
  }
  void release_all() {
    for (CONNECTDATA &data : sinks_) data.pUnk->Release();
    sinks_.clear();
  }
  void fire(const EventData &event) {
    std::vector<VARIANTARG> arguments(event.arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) {  // arguments of IDispatch::Invoke stand in reverse
      const Value &value = event.arguments[arguments.size() - 1 - i];
      VariantInit(&arguments[i]);
      if (value.is_long) {
        arguments[i].vt = VT_I4;
        arguments[i].lVal = value.number;
      } else {
        arguments[i].vt = VT_BSTR;
        arguments[i].bstrVal = SysAllocStringLen(value.text.data(), value.text.size());
      }
    }
    DISPPARAMS parameters = {arguments.data(), nullptr, static_cast<UINT>(arguments.size()), 0};
    std::vector<CONNECTDATA> sinks = sinks_;  // a handler may connect or disconnect
    for (CONNECTDATA &data : sinks) data.pUnk->AddRef();
    for (CONNECTDATA &data : sinks) {
      static_cast<IDispatch *>(data.pUnk)->Invoke(event.id, NO_IID, LOCALE_USER_DEFAULT, DISPATCH_METHOD,
                                                  &parameters, nullptr, nullptr, nullptr);
      data.pUnk->Release();
    }
    for (VARIANTARG &argument : arguments) VariantClear(&argument);
  }

 private:
  Control *owner_;
  DWORD last_cookie_ = 0;
  std::vector<CONNECTDATA> sinks_;
};

class EnumPoints : public IEnumConnectionPoints {
 public:
  virtual ~EnumPoints() {}
  explicit EnumPoints(IConnectionPoint *point) : point_(point) { point_->AddRef(); }
  STDMETHODIMP QueryInterface(REFIID iid, void **object) override {
    if (iid != IID_IUnknown && iid != IID_IEnumConnectionPoints) return *object = nullptr, E_NOINTERFACE;
    *object = this;
    AddRef();
    return S_OK;
  }
  STDMETHODIMP_(ULONG) AddRef() override { return ++references_; }
  STDMETHODIMP_(ULONG) Release() override {
    ULONG left = --references_;
    if (!left) {
      point_->Release();
      delete this;
    }
    return left;
  }
  STDMETHODIMP Next(ULONG count, IConnectionPoint **points, ULONG *fetched) override {
    ULONG given = 0;
    if (count && !done_) {
      points[0] = point_;
      point_->AddRef();
      done_ = true;
      given = 1;
    }
    if (fetched) *fetched = given;
    return given == count ? S_OK : S_FALSE;
  }
  STDMETHODIMP Skip(ULONG) override { return done_ = true, S_OK; }
  STDMETHODIMP Reset() override { return done_ = false, S_OK; }
  STDMETHODIMP Clone(IEnumConnectionPoints **copy) override {
    *copy = new EnumPoints(point_);
    return S_OK;
  }

 private:
  ULONG references_ = 1;
  bool done_ = false;
  IConnectionPoint *point_;
};

// --- the control ----------------------------------------------------------------------------------------------

class Control : public IDispatch, public IConnectionPointContainer, public IProvideClassInfo2, public EventSink {
 public:
  Control() : point_(this), info_(type_info(DIID_DISPATCH)) {
    InterlockedIncrement(&g_objects);
    broker_ = new Broker(this);
  }
  virtual ~Control() {
    delete broker_;
    point_.release_all();
    if (info_) info_->Release();
    InterlockedDecrement(&g_objects);
  }

  STDMETHODIMP QueryInterface(REFIID iid, void **object) override {
    if (iid == IID_IUnknown || iid == IID_IDispatch || iid == DIID_DISPATCH)
      *object = static_cast<IDispatch *>(this);
    else if (iid == IID_IConnectionPointContainer)
      *object = static_cast<IConnectionPointContainer *>(this);
    else if (iid == IID_IProvideClassInfo || iid == IID_IProvideClassInfo2)
      *object = static_cast<IProvideClassInfo2 *>(this);
    else
      return *object = nullptr, E_NOINTERFACE;
    AddRef();
    return S_OK;
  }
  STDMETHODIMP_(ULONG) AddRef() override { return ++references_; }
  STDMETHODIMP_(ULONG) Release() override {
    ULONG left = --references_;
    if (!left) delete this;
    return left;
  }

  STDMETHODIMP GetTypeInfoCount(UINT *count) override { return *count = 1, S_OK; }
  STDMETHODIMP GetTypeInfo(UINT index, LCID, ITypeInfo **info) override {
    *info = nullptr;
    if (index) return DISP_E_BADINDEX;
    if (!info_) return TYPE_E_ELEMENTNOTFOUND;
    info_->AddRef();
    *info = info_;
    return S_OK;
  }
  STDMETHODIMP GetIDsOfNames(REFIID, LPOLESTR *names, UINT count, LCID, DISPID *ids) override {
    for (UINT i = 0; i < count; ++i) ids[i] = DISPID_UNKNOWN;
    for (int id = 1; id <= FUNCTION_COUNT; ++id)
      if (!_wcsicmp(names[0], FUNCTIONS[id].name)) {
        ids[0] = id;
        return count == 1 ? S_OK : DISP_E_UNKNOWNNAME;
      }
    return DISP_E_UNKNOWNNAME;
  }
  STDMETHODIMP Invoke(DISPID id, REFIID, LCID, WORD, DISPPARAMS *given, VARIANT *answer, EXCEPINFO *exception,
                      UINT *wrong) override {
    if (id < 1 || id > FUNCTION_COUNT) return DISP_E_MEMBERNOTFOUND;
    const FunctionEntry &entry = FUNCTIONS[id];
    const size_t count = strlen(entry.kinds);
    if (given->cArgs != count) return DISP_E_BADPARAMCOUNT;
    std::vector<Value> arguments;
    for (size_t i = 0; i < count; ++i) {
      VARIANT converted;
      VariantInit(&converted);
      const UINT position = static_cast<UINT>(count - 1 - i);
      const bool number = entry.kinds[i] == 'l';
      if (FAILED(VariantChangeType(&converted, &given->rgvarg[position], 0, number ? VT_I4 : VT_BSTR))) {
        if (wrong) *wrong = position;
        return DISP_E_TYPEMISMATCH;
      }
      if (number)
        arguments.push_back(Value(static_cast<long>(converted.lVal)));
      else
        arguments.push_back(Value(Text(converted.bstrVal ? converted.bstrVal : L"", SysStringLen(converted.bstrVal))));
      VariantClear(&converted);
    }
    AddRef();  // a handler that runs inside the call may let go of the last reference
    Result result = broker_->call(id, arguments);
    Release();
    if (result.raised) {
      if (exception) {
        memset(exception, 0, sizeof *exception);
        exception->bstrSource = SysAllocString(PROG_ID);
        exception->bstrDescription = SysAllocString(result.text.c_str());
        exception->scode = static_cast<SCODE>(result.number);
      }
      return DISP_E_EXCEPTION;
    }
    if (answer) give(entry.result, result, answer);
    return S_OK;
  }

  STDMETHODIMP EnumConnectionPoints(IEnumConnectionPoints **all) override {
    *all = new EnumPoints(&point_);
    return S_OK;
  }
  STDMETHODIMP FindConnectionPoint(REFIID iid, IConnectionPoint **point) override {
    *point = nullptr;
    if (iid != DIID_EVENTS) return CONNECT_E_NOCONNECTION;
    *point = &point_;
    AddRef();
    return S_OK;
  }

  STDMETHODIMP GetClassInfo(ITypeInfo **info) override {
    *info = type_info(CLSID_CONTROL);
    return *info ? S_OK : E_FAIL;
  }
  STDMETHODIMP GetGUID(DWORD kind, GUID *guid) override {
    if (kind != GUIDKIND_DEFAULT_SOURCE_DISP_IID) return E_INVALIDARG;
    *guid = DIID_EVENTS;
    return S_OK;
  }

  void fire(const EventData &event) override {
    AddRef();
    point_.fire(event);
    Release();
  }

 private:
  static void give(ResultKind kind, const Result &result, VARIANT *answer) {
    VariantInit(answer);
    if (kind == RESULT_LONG) {
      answer->vt = VT_I4;
      answer->lVal = result.number;
    } else if (kind == RESULT_TEXT) {
      answer->vt = VT_BSTR;
      answer->bstrVal = SysAllocStringLen(result.text.data(), result.text.size());
    } else if (kind == RESULT_TABLE && !result.table.empty()) {
      SAFEARRAYBOUND bounds[2] = {{static_cast<ULONG>(result.table.size()), 0},
                                  {static_cast<ULONG>(result.table[0].size()), 0}};
      SAFEARRAY *array = SafeArrayCreate(VT_VARIANT, 2, bounds);
      for (LONG row = 0; row < static_cast<LONG>(bounds[0].cElements); ++row)
        for (LONG column = 0; column < static_cast<LONG>(bounds[1].cElements); ++column) {
          VARIANT cell;
          cell.vt = VT_BSTR;
          const Text &text = result.table[row][column];
          cell.bstrVal = SysAllocStringLen(text.data(), text.size());
          LONG at[2] = {row, column};
          SafeArrayPutElement(array, at, &cell);
          VariantClear(&cell);
        }
      answer->vt = VT_ARRAY | VT_VARIANT;
      answer->parray = array;
    }
  }

  ULONG references_ = 1;
  EventPoint point_;
  ITypeInfo *info_;
  Broker *broker_;
};

STDMETHODIMP_(ULONG) EventPoint::AddRef() { return owner_->AddRef(); }
STDMETHODIMP_(ULONG) EventPoint::Release() { return owner_->Release(); }
STDMETHODIMP EventPoint::GetConnectionPointContainer(IConnectionPointContainer **container) {
  *container = owner_;
  owner_->AddRef();
  return S_OK;
}

// --- class factory, exports, registration ---------------------------------------------------------------------

class Factory : public IClassFactory {
 public:
  STDMETHODIMP QueryInterface(REFIID iid, void **object) override {
    if (iid != IID_IUnknown && iid != IID_IClassFactory) return *object = nullptr, E_NOINTERFACE;
    *object = this;
    return S_OK;
  }
  STDMETHODIMP_(ULONG) AddRef() override { return 2; }  // lives as long as the module
  STDMETHODIMP_(ULONG) Release() override { return 1; }
  STDMETHODIMP CreateInstance(IUnknown *outer, REFIID iid, void **object) override {
    *object = nullptr;
    if (outer) return CLASS_E_NOAGGREGATION;
    Control *control = new (std::nothrow) Control();
    if (!control) return E_OUTOFMEMORY;
    HRESULT result = control->QueryInterface(iid, object);
    control->Release();
    return result;
  }
  STDMETHODIMP LockServer(BOOL lock) override {
    lock ? InterlockedIncrement(&g_objects) : InterlockedDecrement(&g_objects);
    return S_OK;
  }
};

static Factory g_factory;

static void write(const Text &key, const wchar_t *name, const Text &value) {
  HKEY handle;
  if (RegCreateKeyExW(HKEY_CLASSES_ROOT, key.c_str(), 0, nullptr, 0, KEY_WRITE, nullptr, &handle, nullptr)) return;
  RegSetValueExW(handle, name, 0, REG_SZ, reinterpret_cast<const BYTE *>(value.c_str()),
                 static_cast<DWORD>((value.size() + 1) * sizeof(wchar_t)));
  RegCloseKey(handle);
}

extern "C" {

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID) {
  if (reason == DLL_PROCESS_ATTACH) g_module = module;
  return TRUE;
}

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, void **object) {
  *object = nullptr;
  return clsid == CLSID_CONTROL ? g_factory.QueryInterface(iid, object) : CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow() { return g_objects ? S_FALSE : S_OK; }

STDAPI DllRegisterServer() {
  const Text clsid = Text(L"CLSID\\") + CLSID_TEXT;
  write(PROG_ID, nullptr, L"KHOpenAPI test control");
  write(Text(PROG_ID) + L"\\CLSID", nullptr, CLSID_TEXT);
  write(clsid, nullptr, L"KHOpenAPI test control");
  write(clsid + L"\\InprocServer32", nullptr, own_path());
  write(clsid + L"\\InprocServer32", L"ThreadingModel", L"Apartment");
  write(clsid + L"\\ProgID", nullptr, PROG_ID);
  write(clsid + L"\\TypeLib", nullptr, LIBRARY_TEXT);
  write(clsid + L"\\Version", nullptr, L"1.2");
  write(clsid + L"\\Control", nullptr, L"");
  ITypeLib *library = nullptr;
  HRESULT result = LoadTypeLibEx(own_path().c_str(), REGKIND_REGISTER, &library);
  if (library) library->Release();
  return result;
}

STDAPI DllUnregisterServer() {
  RegDeleteTreeW(HKEY_CLASSES_ROOT, PROG_ID);
  RegDeleteTreeW(HKEY_CLASSES_ROOT, (Text(L"CLSID\\") + CLSID_TEXT).c_str());
  return S_OK;
}
}
