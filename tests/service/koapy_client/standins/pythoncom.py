"""A stand-in: what KOAPY's client takes from pythoncom."""

VT_I4, VT_BSTR, VT_VARIANT, VT_VOID = 3, 8, 12, 24
FUNC_DISPATCH = 4
FUNCFLAG_FRESTRICTED = 1
DISPID_NEWENUM = -4
COINIT_APARTMENTTHREADED = 2


def LoadTypeLib(path):
    return path
