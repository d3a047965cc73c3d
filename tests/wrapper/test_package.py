"""What `import kiwoom` gives, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.wrapper.scripted import ScriptedControl

import kiwoom
from kiwoom import Kiwoom, config
from kiwoom.errors import CODES

ROOT = Path(__file__).resolve().parents[2]


def python(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_import_is_light() -> None:
    heavy = ("PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy", "grpc", "google", "pandas", "numpy", "rich", "typer",
             "asyncio", "json", "kiwoom.journal",
             "kiwoom.sim", "kiwoom.service", "kiwoom.history", "kiwoom.compat", "kiwoom.cli")  # fmt: skip
    loaded = python("import sys, kiwoom; print('\\n'.join(sys.modules))").split()
    assert [name for name in heavy if name in loaded] == []


def test_a_star_import_brings_what_old_programs_expect_and_takes_nothing_away() -> None:
    out = python(
        "from kiwoom import *\n"
        "print(API.__name__, Kiwoom.__name__, config.EVENTS[0], list(map(str, [1, 2])), sorted(config.MARKETS)[:2])\n"
        "import builtins\n"
        "print([n for n in dir() if n in dir(builtins) and n not in ('__doc__', '__name__', '__spec__',"
        " '__loader__', '__package__', '__build_class__', 'map')])"
    )
    assert out.splitlines() == ["API Kiwoom on_event_connect ['1', '2'] ['0', '10']", "[]"]


def test_submodules_of_old_programs_need_no_import_of_their_own() -> None:
    out = python("import kiwoom; print(kiwoom.utils.name.__name__, kiwoom.data.preps.__name__, kiwoom.Bot.__name__)")
    assert out.split() == ["name", "kiwoom.data.preps", "Bot"]


def test_everything_exported_exists() -> None:
    for name in kiwoom.__all__:
        assert getattr(kiwoom, name) is not None


def test_config_has_the_names_that_users_know() -> None:
    assert config.events is config.EVENTS
    assert config.periods == ["tick", "min", "day", "week", "month", "year"]
    assert config.markets is config.MARKETS
    assert config.MARKETS["0"] == "KOSPI"
    assert config.MARKETS["10"] == "KOSDAQ"
    assert config.market_gubuns["2"] == "KOSPI200"
    assert config.sectors is config.SECTORS
    assert config.SECTORS["001"] == "종합(KOSPI)"
    assert config.SECTORS["021"] == "금융업"
    assert config.error.msg(-308) == "-308 : OP_ERR_ORD_OVERFLOW (주문전송과부하)"
    assert set(config.error.ERR) == set(CODES)
    assert "UNKNOWN" in config.error.msg(-9999)
    assert config.MUTE is False
    assert int(config.ExitType.SUCCESS) == 0


def test_a_login_updates_the_sectors_in_place() -> None:
    before = dict(config.SECTORS)
    table = config.sectors
    control = ScriptedControl()
    control.answers["KOA_Functions"] = lambda name, market: f"{market},9{market}1,새 업종 {market}|"
    try:
        with Kiwoom(control) as api:
            api.login()
        assert table is config.SECTORS
        assert table["901"] == "새 업종 0"
        assert "001" not in table
    finally:
        table.clear()
        table.update(before)
