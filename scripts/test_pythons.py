"""
Try the core, without any extra, on every supported Python of this machine: import, login, demo, tests.

``python scripts/test_pythons.py`` looks for Python 3.10 to 3.14 on the path, among pyenv's and by Windows' ``py``. Each
gets an environment in build/pythons with the built wheel, what the wheel needs and pytest. ``--only-this`` takes the
interpreter that runs this script, ``--short`` leaves the tests of the simulator and of the wrapper out. At the end it
says which versions ran and which were not found; it fails when one that was found fails.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "pythons"
MINORS = range(10, 15)
TOOLS = ("hypothesis", "pytest", "pytest-timeout")

SHORT = ("tests/catalog", "tests/test_contract.py", "tests/test_limits.py", "tests/test_dynamic.py")
WHOLE = (*SHORT, "tests/wrapper", "tests/history", "tests/sim", "tests/test_cli.py", "tests/test_examples.py")

NEEDS_NOTHING = "not slow and not soak and not qt"

SESSION = """
import sys, kiwoom
with kiwoom.Kiwoom("sim:?clock=virtual&seed=7") as api:
    api.login()
    assert api.get_login_info("ACCNO")
heavy = {"PyQt5", "grpc", "pandas", "numpy"} & set(sys.modules)
assert not heavy, heavy
print("kiwoom", kiwoom.__version__, "on", sys.version.split()[0], f"{sys.maxsize.bit_length() + 1} bits")
"""


def interpreters() -> dict[str, str]:
    """The interpreter of each supported version that is here."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for minor in MINORS:
        version = f"3.{minor}"
        named = [shutil.which(f"python{version}"), *map(str, sorted(kept.glob(f"{version}.*/bin/python")))]
        commands = [[name] for name in named if name] + ([["py", f"-{version}"]] if os.name == "nt" else [])
        for command in commands:
            # Also pyenv's stand-ins answer to a name; they fail when they are run.
            asked = [*command, "-c", "import sys; print(sys.version_info[1], sys.executable)"]
            try:
                done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
            except OSError:
                continue
            if done.returncode == 0 and done.stdout.split(maxsplit=1)[0] == str(minor):
                found[version] = done.stdout.split(maxsplit=1)[1].strip()
                break
    return found


def built_wheel() -> Path:
    """A wheel of this tree."""
    folder = BUILD / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


def environment(version: str, python: str, wheel: Path) -> str:
    """The interpreter of an environment with the wheel and pytest; made once for each set of requirements."""
    lock = ROOT / "requirements-dev.lock"
    wishes = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + lock.read_bytes() + repr(TOOLS).encode())
    folder = BUILD / version
    inside = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    stamp = folder / "wishes"
    if not stamp.exists() or stamp.read_text("utf-8") != wishes.hexdigest():
        if python == sys.executable:
            venv.create(folder, clear=True, with_pip=True)
        else:
            subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        pip(inside, "install", "--constraint", str(lock), *TOOLS, str(wheel))
        stamp.write_text(wishes.hexdigest(), "utf-8")
    else:
        pip(inside, "install", "--no-deps", "--force-reinstall", str(wheel))
    return inside


def pip(python: str, *words: str) -> None:
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "--quiet", *words], check=True)


def tried(version: str, python: str, wheel: Path, tests: tuple[str, ...]) -> tuple[bool, str]:
    """Whether import, login, demo and tests succeed, and what to say about it: what fails shows its output."""
    began = time.monotonic()
    inside = environment(version, python, wheel)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KIWOOM"))}
    plain |= {"PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    ok, said = True, [f"== Python {version}: {python}"]
    for what, command in (
        ("session", [inside, "-c", SESSION]),
        ("demo", [inside, "-m", "kiwoom", "demo"]),
        ("tests", [inside, "-m", "pytest", "-q", "--timeout", "600", "-m", NEEDS_NOTHING, *tests]),
    ):
        done = subprocess.run(
            command, cwd=ROOT, env=plain, capture_output=True, text=True, encoding="utf-8", check=False
        )
        if done.returncode:
            ok = False
            said.append(f"{what} failed with {done.returncode}:\n{done.stdout[-6000:]}{done.stderr[-3000:]}")
        elif what != "demo":
            said.append(done.stdout.strip().splitlines()[-1])
    said.append(f"{'passed' if ok else 'FAILED'} in {time.monotonic() - began:.0f} s")
    return ok, "\n".join(said)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only-this", action="store_true", help="only the interpreter that runs this")
    parser.add_argument("--short", action="store_true", help="session, demo, and the tests of tables and contract")
    wanted = parser.parse_args()
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = {this: sys.executable} if wanted.only_this else interpreters()
    BUILD.mkdir(parents=True, exist_ok=True)
    wheel = built_wheel()
    results = {}
    # Two at a time: one often waits for the package index.
    with ThreadPoolExecutor(2) as pool:
        tests = SHORT if wanted.short else WHOLE
        jobs = {version: pool.submit(tried, version, python, wheel, tests) for version, python in found.items()}
        for version, job in jobs.items():
            results[version], said = job.result()
            print(said, flush=True)
    missing = [] if wanted.only_this else [f"3.{minor}" for minor in MINORS if f"3.{minor}" not in found]
    print(f"ran on {', '.join(results) or 'none'}" + (f"; not here: {', '.join(missing)}" if missing else ""))
    return 0 if results and all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
