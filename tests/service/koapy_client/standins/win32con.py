"""A stand-in: constants."""

HKEY_CLASSES_ROOT = "HKCR"
REG_EXPAND_SZ = 2
