"""The program sees 32-bit Korean Windows; libraries see the machine as it is."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.compat.running import Ran

import kiwoom
from kiwoom.compat.shim.callers import is_own

pytestmark = [pytest.mark.qt, pytest.mark.skipif(os.name == "nt", reason="Windows has answers of its own")]

Run = Callable[..., Ran]


def test_the_checks_for_32_bits_pass(run_text: Run) -> None:
    """Each way in which programs look for a 32-bit Windows Python gives one."""
    text = """
        import ctypes, os, platform, struct, sys
        from struct import calcsize
        from sys import maxsize
        assert platform.architecture() == ("32bit", "WindowsPE")
        assert platform.architecture()[0] != "64bit"
        assert struct.calcsize("P") * 8 == calcsize("@P") * 8 == 32
        assert struct.calcsize("q") == 8 and struct.calcsize("<iq") == 12
        assert sys.maxsize == maxsize == 2**31 - 1 and not sys.maxsize > 2**32
        assert ctypes.sizeof(ctypes.c_void_p) == ctypes.sizeof(ctypes.c_voidp) == 4
        version = sys.getwindowsversion()
        assert version.major == version[0] == 10 and version.build == version[2] and len(version) == 5
        assert (platform.system(), platform.release(), platform.machine()) == ("Windows", "10", "AMD64")
        assert platform.win32_ver()[0] == "10" and platform.platform().startswith("Windows-10-")
        assert platform.uname().system == platform.uname()[0] == "Windows"
        assert sys.platform == "win32" and os.name == "nt" and sys.platform.startswith("win")
        print("as on Windows")
    """
    ran = run_text(text)
    assert ran.lines == ["as on Windows"], ran.err


def test_libraries_hear_the_truth(run_text: Run) -> None:
    """What the standard library and installed packages find out about the machine stays right."""
    text = """
        import asyncio, ctypes.util, multiprocessing, subprocess, sys, tempfile
        import numpy, pandas
        print(tempfile.gettempdir(), ctypes.util.find_library("c") is not None, numpy.intp(0).nbytes)
        hidden = subprocess.STARTUPINFO()
        hidden.dwFlags |= subprocess.STARTF_USESHOWWINDOW
        shown = subprocess.run([sys.executable, "-S", "-E", "-c", "import os; print(os.environ.get('LOCALAPPDATA'))"],
                               stdout=subprocess.PIPE, startupinfo=hidden, creationflags=subprocess.CREATE_NO_WINDOW)
        print(shown.stdout.decode().strip())
        if sys.platform == "win32":
            asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
        asyncio.run(asyncio.sleep(0))
        with multiprocessing.Pool(1) as pool:
            print(pool.map(len, ["ab"]))
    """
    ran = run_text(text, environment={"TMPDIR": "/tmp"})
    assert ran.lines == ["/tmp True 8", "None", "[2]"], ran.err
    assert not is_own(platform.__file__)
    assert not is_own("<frozen os>")
    assert not is_own(pytest.__file__)
    assert is_own(__file__)


def test_names_of_environment_variables_have_no_case(run_text: Run) -> None:
    """`os.environ` and `os.getenv` find a name in any case; Windows' own variables are there for the program."""
    text = r"""
        import os
        for name in ("userprofile", "UserName", "Temp", "TMP", "HomePath", "HOMEDRIVE", "LocalAppData", "appdata",
                     "ProgramFiles", "ProgramFiles(x86)", "ComputerName", "SystemRoot", "windir", "ProgramData"):
            assert os.environ.get(name) and os.getenv(name) == os.environ[name] and name in os.environ, name
        print(os.environ["MyKey"], os.environ.get("mykey"), os.getenv("MYKEY"), os.environ.get("Path") == os.environ["PATH"])
        print(os.environ.get("nosuch"), os.getenv("nosuch", "x"), "nosuch" in os.environ)
        os.environ["Another"] = "1"
        print(os.environ["ANOTHER"])
        path = os.path.join(os.environ.get("userprofile"), ".log", "today.txt")
        os.makedirs(os.path.dirname(path))
        open(path, "w").close()
        open(os.path.join(os.environ["TEMP"], "new.txt"), "w").close()
        print(path, os.path.isfile(path))
    """  # noqa: E501
    ran = run_text(text, environment={"myKEY": "mine"})
    assert ran.lines == [
        "mine mine mine True", "None x False", "1", r"C:\Users\kiwoom\.log\today.txt True",
    ], ran.err  # fmt: skip


def test_a_kiwoom_of_the_programs_own_does_not_hide_the_command(tmp_path: Path) -> None:
    """With a `kiwoom.py` and a folder `kiwoom` on PYTHONPATH the command runs, and the program gets its own."""
    (tmp_path / "lib" / "kiwoom").mkdir(parents=True)
    (tmp_path / "lib" / "kiwoom" / "__init__.py").write_text("answer = 42", encoding="utf-8")
    (tmp_path / "kiwoom.py").write_text("answer = 41", encoding="utf-8")
    program = tmp_path / "other" / "program.py"
    program.parent.mkdir()
    program.write_text("import kiwoom; print(kiwoom.answer)", encoding="utf-8")
    source = str(Path(kiwoom.__file__).parents[1])
    start = "import sys; sys.path.append(sys.argv.pop(1)); import kiwoom_openapi_plus as k; k.main()"
    for first, answer in ((tmp_path / "lib", "42"), (tmp_path, "41")):
        command = [sys.executable, "-c", start, source, "run", "--url", "sim:", "--drives", str(tmp_path / "d"),
                   str(program)]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=program.parent,
                             env={**os.environ, "PYTHONPATH": str(first)})  # fmt: skip
        assert (ran.returncode, ran.stdout.strip()) == (0, answer), ran.stderr
