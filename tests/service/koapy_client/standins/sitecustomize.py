"""A stand-in: KOAPY asks Windows whether it runs as administrator before it logs in."""

import ctypes
from types import SimpleNamespace

if not hasattr(ctypes, "windll"):
    ctypes.windll = SimpleNamespace(shell32=SimpleNamespace(IsUserAnAdmin=lambda: 0))
