"""Other packages that are called kiwoom, too: what the doctor says of them, and that this package's command remains."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.compat.environments import environment

import kiwoom_openapi_plus
from kiwoom_openapi_plus import Name, look

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    cleaned = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "KIWOOM_URL")}
    return subprocess.run(
        command, env=cleaned | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "300"} | variables,
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=False, cwd=Path(command[0]).parent,
    )  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages that holds the way into this one, and nothing of it else."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    shutil.copy(str(kiwoom_openapi_plus.__file__), folder)
    return folder


@pytest.mark.parametrize("content", [None, "from PyQt5.QAxContainer import QAxWidget", "raise SystemExit('never')"])
def test_the_command_says_whose_package_it_found(site: Path, content: str | None) -> None:
    if content is not None:
        (site / "kiwoom").mkdir()
        (site / "kiwoom" / "__init__.py").write_text(content, encoding="utf-8")
    start = str(site / "kiwoom_openapi_plus.py")
    examined = run(sys.executable, start, "doctor")
    assert examined.returncode == 1 and examined.stderr == ""
    assert "package   missing" in examined.stdout and "pip install --force-reinstall" in examined.stdout
    used = run(sys.executable, start, "tr", "opt10001")
    assert used.returncode == 1 and used.stdout == ""
    assert used.stderr.startswith("error: ") and "Traceback" not in used.stderr


def test_the_command_may_be_anothers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / ("kiwoom.bat" if sys.platform == "win32" else "kiwoom")
    script.write_text("#!/bin/sh\nfrom kiwoom_cli.main import cli\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = next(name for name in look() if name.what == "command")
    assert command.state == "warning" and str(script) in command.says
    assert "python -m kiwoom" in command.remedy
    script.write_text("#!/bin/sh\nfrom kiwoom_openapi_plus import main\n", encoding="utf-8")
    assert next(name for name in look() if name.what == "command").state == "ok"
    script.unlink()
    assert next(name for name in look() if name.what == "command").state == "note"


def test_a_file_of_the_programs_own_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kiwoom.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    package = look()[0]
    assert package == Name("package", "warning", package.says, package.remedy)
    assert str(tmp_path / "kiwoom.py") in package.says and "rename" in package.remedy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    builder = environment("builder", ("build", "hatchling"))
    done = run(builder, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_doctor_beside_kiwoom_cli_and_the_predecessor(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "both")], check=True, timeout=120)
    scripts = tmp_path / "both" / ("Scripts" if sys.platform == "win32" else "bin")
    python, command = str(scripts / "python"), str(scripts / "kiwoom")
    path = str(scripts) + os.pathsep + os.environ["PATH"]

    def pip(*words: str) -> None:
        done = run(python, "-m", "pip", "--quiet", "--disable-pip-version-check", *words)
        if done.returncode:
            pytest.skip(f"pip {' '.join(words)} failed: {done.stderr.strip().splitlines()[-1:]}")

    def examine(*start: str) -> tuple[int, str]:
        done = run(*start, "doctor", PATH=path)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    pip("install", str(wheel))
    code, says = examine(command)
    assert code == 0 and "kiwoom is kiwoom-openapi-plus" in says and "kiwoom is this package's" in says

    pip("install", "kiwoom-cli")
    code, says = examine(python, "-m", "kiwoom")
    assert code == 0 and "kiwoom runs kiwoom-cli 2" in says and "python -m kiwoom" in says
    assert "OP_ERR_SISE_OVERFLOW" in run(python, "-m", "kiwoom", "errmsg", "-200").stdout
    pip("uninstall", "--yes", "kiwoom-cli")
    assert "no command kiwoom" in examine(python, "-m", "kiwoom")[1], "it took the command along"
    pip("install", "--force-reinstall", "--no-deps", str(wheel))

    pip("install", "--no-deps", "kiwoom==1.5.0")
    code, says = examine(command)
    assert code == 1 and "kiwoom 1.5.0" in says and "pip uninstall kiwoom, then" in says and wheel.name in says
    assert examine(python, "-m", "kiwoom_openapi_plus") == (code, says)
    refused = run(command, "errmsg", "-200")
    assert refused.returncode == 1 and refused.stderr.startswith("error: ")

    pip("uninstall", "--yes", "kiwoom")
    code, says = examine(command)
    assert code == 1 and "was uninstalled" in says
    pip("install", "--force-reinstall", "--no-deps", str(wheel))
    code, says = examine(command)
    assert code == 0 and "kiwoom is kiwoom-openapi-plus" in says and "missing" not in says.split("default")[0]

    pip("install", "--no-deps", "kiwoom==1.5.0")
    pip("install", "--force-reinstall", "--no-deps", str(wheel))
    code, says = examine(command)
    assert code == 0 and "uninstalling it takes files of this package along" in says
