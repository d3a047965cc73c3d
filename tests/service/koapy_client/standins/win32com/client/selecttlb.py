"""A stand-in: one version of one type library."""


class TypelibSpec:
    def __init__(self, clsid, lcid, major, minor, flags=0):
        self.clsid, self.lcid, self.major, self.minor, self.flags = clsid, lcid, major, minor, flags
        self.dll = None

    def __lt__(self, other):
        return False


def EnumKeys(key):
    return [("0", None)] if key.endswith("1.2") else [("1.2", "KHOpenAPI")]
