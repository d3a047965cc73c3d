"""What a release is made with: the workflows, the lock, the archives, and what an installation brings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import kiwoom
from kiwoom import installing

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.M))


def _make_targets(path: Path) -> list[str]:
    return re.findall(r"(?:^|run: |  )make ([a-z-]+|\$\{\{ matrix\.target \}\})", path.read_text("utf-8"), flags=re.M)


def test_the_workflows_run_targets_of_the_makefile() -> None:
    for path in (ROOT / ".ci" / "run", *(ROOT / ".github" / "workflows").glob("*.yml")):
        called = _make_targets(path)
        assert called, path
        assert {target for target in called if "matrix" not in target} <= TARGETS, path
    matrix = re.findall(r"target: \[(.*)\]", (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert {target.strip() for target in matrix[0].split(",")} <= TARGETS


def test_the_workflows_run_what_the_gate_runs() -> None:
    gate = {target for target in _make_targets(ROOT / ".ci" / "run") if not target.startswith("test-ocx")}
    assert "test" in gate
    assert gate <= {*_make_targets(ROOT / ".github" / "workflows" / "ci.yml"), "test-pythons", "test-pythons-short"}


def test_commits_are_checked_as_lint_checks() -> None:
    lint = re.search(r"^lint: (.+)$", MAKEFILE, flags=re.M)
    assert lint is not None
    hooks = re.findall(r"entry: make ([a-z-]+)", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert hooks == lint[1].split()


def test_the_lock_fits_what_the_project_asks_for() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *(
            wish
            for name, extra in project["project"]["optional-dependencies"].items()
            if name != "all"
            for wish in extra
        ),
        *project["dependency-groups"]["dev"],
    ]
    locked: dict[str, list[str]] = {}
    for line in (ROOT / "requirements-dev.lock").read_text("utf-8").splitlines():
        if "==" in line:
            pinned = Requirement(line)
            locked.setdefault(canonicalize_name(pinned.name), []).append(str(pinned.specifier).removeprefix("=="))
    for wish in map(Requirement, asked):
        versions = locked.get(canonicalize_name(wish.name), [])
        assert versions, f"{wish.name} is not in requirements-dev.lock: make lock"
        assert all(wish.specifier.contains(v, prereleases=True) for v in versions), f"{wish}: make lock"


def _pip(python: str | Path, *words: str) -> None:
    """Run pip; skip if it fails because there is no network, else fail with what it says."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        asked = [sys.executable, "-m", "pip", "--disable-pip-version-check", "index", "versions", "hatchling"]
        if subprocess.run(asked, capture_output=True, timeout=300, check=False).returncode:
            pytest.skip(f"there is no package index here: {done.stderr.strip()[-200:]}")
        pytest.fail(done.stderr[-3000:])


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive of this tree, and the wheel that is built from the archive."""
    folder = tmp_path_factory.mktemp("dist")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=120)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    _pip(python, "install", "build", "hatchling")
    command = [str(python), "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def _sources() -> Iterator[str]:
    for path in sorted((ROOT / "src").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT / "src").as_posix()


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(archives: tuple[Path, Path]) -> None:
    assert archives[1].name == f"kiwoom_openapi_plus-{kiwoom.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(archives[1]) as wheel:
        held = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert sorted(held) == sorted(_sources())


@pytest.mark.slow
def test_the_source_archive_holds_what_the_tests_need(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    needed = {"Makefile", "mkdocs.yml", "pyproject.toml", "requirements-dev.lock", "LICENSE", ".ci/run"}
    assert needed <= held
    folders = ("src", "tests", "scripts", "benchmarks", "proto", "docs", "examples", ".github")
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            generated = {"__pycache__", "node_modules"} & set(path.parts) or ".egg-info" in name
            if path.is_file() and not generated and path.suffix not in {".pyc", ".pyo"}:
                assert name in held, name
    assert not {name.split("/")[0] for name in held} & {".venv", "build", "dist", "site"}


def _installed(folder: Path) -> Iterator[tuple[Path, Message]]:
    for info in sorted(folder.rglob("*.dist-info")):
        yield info, Parser().parsestr((info / "METADATA").read_text("utf-8"))


@pytest.mark.slow
def test_the_wheel_alone_brings_pure_python_only(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """In an environment without pip. The list is what the core costs on 32-bit Windows, where little is compiled."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=120)
    inside = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    _pip(sys.executable, "--python", str(inside), "install", str(archives[1]))
    brought = {str(metadata["Name"]).lower() for _, metadata in _installed(environment)}
    # typer brings click, annotated-doc or typing-extensions, as its version wants; on Windows also colorama and tzdata.
    assert brought >= {"kiwoom-openapi-plus", "rich", "typer", "shellingham"}
    assert brought <= {
        "kiwoom-openapi-plus", "rich", "typer", "shellingham", "markdown-it-py", "mdurl", "pygments",
        "annotated-doc", "click", "colorama", "typing-extensions", "typing_extensions", "tzdata",
    }  # fmt: skip
    for info, metadata in _installed(environment):
        assert "Root-Is-Purelib: true" in (info / "WHEEL").read_text("utf-8"), metadata["Name"]
    assert [path.name for path in environment.rglob("*") if path.suffix in {".so", ".pyd", ".dll", ".dylib"}] == []
    program = (
        "import kiwoom; api = kiwoom.Kiwoom('sim:?clock=virtual'); api.login(); print(api.get_login_info('ACCNO'))"
    )
    for command in ([str(inside), "-c", program], [str(inside), "-m", "kiwoom", "--version"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and done.stdout.strip(), done.stderr


def test_the_documentation_tells_how_to_install_what_there_is() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_install.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_else_tells_to_install_it_by_name() -> None:
    told = re.compile(rf"pip install ['\"]?{installing.NAME}")
    pages = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.py")]
    for path in [*pages, *(ROOT / "src").rglob("*.py")]:
        text = re.sub(r"<!-- install.*?<!-- /install -->", "", path.read_text("utf-8"), flags=re.S)
        assert not told.search(text), f"{path}: use <!-- install --> or kiwoom.installing"


def test_what_is_installed_here_gets_extras_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installing.pip_install("qt,service") == f'pip install "{installing.NAME}[qt,service]"'
    monkeypatch.setattr(installing, "PUBLISHED", True)
    assert installing.pip_install("qt", elsewhere=True) == f'pip install "{installing.NAME}[qt]"'


class _Wheel:
    def __init__(self, origin: str | None) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.origin and json.dumps({"url": self.origin, "archive_info": {}})


@pytest.mark.parametrize("published", [False, True])
def test_another_interpreter_gets_the_wheel_that_this_one_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    wheel = tmp_path / "with space" / f"kiwoom_openapi_plus-{kiwoom.__version__}-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    monkeypatch.setattr(installing, "PUBLISHED", published)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: _Wheel(wheel.as_uri()))
    source = installing.NAME if published else wheel.as_posix()
    assert installing.pip_install("qt,service", elsewhere=True) == f'pip install "{source}[qt,service]"'


@pytest.mark.parametrize("origin", [None, "file:///no/such/wheel.whl", "https://example.org/kiwoom.whl"])
def test_another_interpreter_gets_the_checkout_if_the_wheel_is_gone(
    monkeypatch: pytest.MonkeyPatch, origin: str | None
) -> None:
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: _Wheel(origin))
    expected = ROOT if (ROOT / "pyproject.toml").exists() else installing.NAME
    assert installing.pip_install(elsewhere=True) == f'pip install "{expected}"'
