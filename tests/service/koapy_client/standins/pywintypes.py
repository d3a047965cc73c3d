"""A stand-in: what KOAPY's client takes from pywintypes."""


class IIDType(str):
    pass


IID = IIDType


class com_error(Exception):
    pass
