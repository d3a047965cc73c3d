"""Download daily and minute bars into CSV files; run it again and only what is new is added."""

import tempfile
from pathlib import Path

from kiwoom import *

api = Kiwoom()
api.login()
folder = Path(tempfile.gettempdir()) / "kiwoom-histories"
api.histories(code="005930", period="day", start="20250101", path=str(folder / "day"))
api.histories(code="005930", period="min", unit=5, start="20260105", path=str(folder / "min"))
for path in sorted(folder.rglob("*.csv")):
    print(path.relative_to(folder), path.stat().st_size, "bytes")
