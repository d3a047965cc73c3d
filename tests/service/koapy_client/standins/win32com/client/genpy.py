"""A stand-in: reads the functions and events of the control from the description that the test wrote."""

import json

import pythoncom
from pywintypes import IID

TYPES = {"str": pythoncom.VT_BSTR, "long": pythoncom.VT_I4, "variant": pythoncom.VT_VARIANT, "void": pythoncom.VT_VOID}


class DispatchItem:
    def __init__(self, entries):
        self.mapFuncs = entries


class EnumerationItem:
    pass


class RecordItem:
    pass


class VTableItem:
    pass


class Entry:
    def __init__(self, name, dispid, arguments, returns):
        self.names = [name, *(argument for argument, _ in arguments)]
        types = [(TYPES[kind],) for _, kind in arguments]
        self.desc = [dispid, None, types, pythoncom.FUNC_DISPATCH, None, None, None, None, (TYPES[returns],), 0]


class Generator:
    def __init__(self, typelib, path, progress, bBuildHidden=1):
        self.path = path

    def BuildOleItemsFromType(self):
        with open(self.path, encoding="utf-8") as file:
            described = json.load(file)
        items = {IID(iid): DispatchItem({e[0]: Entry(*e) for e in entries}) for iid, entries in described.items()}
        return items, {}, {}, {}
