"""
The `kiwoom` command, where something else is called kiwoom, too.

Programs for the OCX are often called kiwoom themselves: with such a folder on PYTHONPATH, ``import kiwoom`` finds the
program. breadum/kiwoom installs a folder ``kiwoom``, and kiwoom-cli a command ``kiwoom``: pip lets them overwrite this
package's files, and uninstalling one takes files of the other along. This module, named like the distribution,
stands beside the right package, imports that one, and needs the standard library alone to say what is in its place.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["DISTRIBUTION", "Name", "look", "main"]

DISTRIBUTION = "kiwoom-openapi-plus"

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - light: every start runs it
_PACKAGE = os.path.join(_HERE, "kiwoom", "__init__.py")  # noqa: PTH118
_APART = "or give each of them an environment of its own"


class Name(NamedTuple):
    """What the name `kiwoom` leads to, as a package or as a command; "missing" is what keeps this one from working."""

    what: str
    state: Literal["ok", "note", "warning", "missing"]
    says: str
    remedy: str = ""


def main() -> None:
    """Run the command with the arguments of the process, or name the package that hides it."""
    # One file at every start (0.1 ms); comparing all of them (13 ms) is for the doctor.
    if not _names_us(_PACKAGE):
        _stand_in()
    sys.path.insert(0, _HERE)
    try:
        importlib.import_module("kiwoom")
    finally:
        sys.path.remove(_HERE)
    importlib.import_module("kiwoom.cli").main()


def _stand_in() -> None:
    """The command where another package's files replace this one's: the doctor, or an error."""
    names = look()
    if sys.argv[1:2] == ["doctor"]:
        for name in names:
            print(f"{name.what:8}  {name.state:8}  {name.says}")
            if name.remedy:
                print(f"{'':20}-> {name.remedy}")
    else:
        print(f"error: {names[0].says}\n-> {names[0].remedy}", file=sys.stderr)
    sys.exit(1)


def look() -> list[Name]:
    """Say whose package `kiwoom` is imported and whose command `kiwoom` runs, with what to do where it is another's."""
    return [_package(), *_command()]


def _reinstall() -> str:
    """The command that puts this package's files back, from the archive that it was installed from if there was one."""
    from importlib import metadata
    from json import loads

    try:
        origin = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        origin = None
    return f"pip install --force-reinstall --no-deps {loads(origin)['url'] if origin else DISTRIBUTION}"


def _names_us(path: str) -> bool:
    """Whether a file is this distribution's `kiwoom/__init__.py`: it names the distribution, no other one's does."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return DISTRIBUTION in file.read()
    except OSError:
        return False


def _imported() -> str:
    """The file that ``import kiwoom`` runs in a program that is started here, "" if there is none."""
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("kiwoom")
    return (spec.origin or "") if spec is not None else ""


def _package() -> Name:
    others = [*_others_in("kiwoom/__init__.py")]
    shared = " and ".join(f"{other.metadata['Name']} {other.version}" for other in others)
    uninstall = " ".join(str(other.metadata["Name"]) for other in others)
    remedy = f"pip uninstall {uninstall}, then {_reinstall()}; {_APART}" if others else _reinstall()
    if not _names_us(_PACKAGE):
        there = os.path.exists(_PACKAGE)  # noqa: PTH110
        says = f"{_PACKAGE} is {shared or 'that of another package'}" if there else f"{_PACKAGE} was uninstalled"
        return Name("package", "missing", says, remedy)
    damaged = [*_damaged()]
    if damaged:
        says = f"{len(damaged)} files of {DISTRIBUTION} are missing or another's, first {damaged[0]}"
        return Name("package", "missing", says + (f"; {shared} has the same folder" if shared else ""), remedy)
    # Not what this process has imported, which is the right one in any case, but what a program would get.
    imported = _imported()
    if imported and not _names_us(imported):
        says = f"`import kiwoom` finds {imported} here, and not {DISTRIBUTION} in {os.path.dirname(_PACKAGE)}"  # noqa: PTH120
        return Name("package", "warning", says, "rename it, or take its folder out of PYTHONPATH")
    says = f"kiwoom is {DISTRIBUTION}, {os.path.dirname(_PACKAGE)}"  # noqa: PTH120
    if others:
        says += f"; {shared} has the same folder, and uninstalling it takes files of this package along"
        return Name("package", "warning", says, f"after uninstalling it: {_reinstall()}; {_APART}")
    return Name("package", "ok", says)


def _others_in(path: str) -> Iterator[Distribution]:
    """Other distributions that installed a file of this path."""
    from importlib import metadata

    for distribution in metadata.distributions():
        if str(distribution.metadata["Name"] or "").lower().replace("_", "-") != DISTRIBUTION and any(
            file.as_posix() == path for file in distribution.files or ()
        ):
            yield distribution


def _damaged() -> Iterator[str]:
    """Files of this distribution that are gone or have another content than was installed."""
    import base64
    import hashlib
    from importlib import metadata
    from pathlib import Path

    try:
        files = metadata.distribution(DISTRIBUTION).files or []
    except metadata.PackageNotFoundError:  # run from a checkout
        return
    for file in files:
        if not file.as_posix().startswith("kiwoom/") or file.hash is None:
            continue
        try:
            digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
        except OSError:
            yield file.as_posix()
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            yield file.as_posix()


def _command() -> Iterator[Name]:
    import shutil
    from importlib import metadata
    from pathlib import Path

    found = shutil.which("kiwoom")
    remedy = "`python -m kiwoom` is this package's command always"
    if found is None:
        yield Name("command", "note", "no command kiwoom is on the PATH", remedy)
        return
    try:
        script = Path(found).read_bytes()
    except OSError:
        script = b""
    if b"kiwoom_openapi_plus" in script or b"kiwoom.cli" in script:
        here = Path(found).parent.resolve() == Path(sys.executable).parent.resolve()
        yield Name("command", "ok", f"kiwoom is this package's, {found}" + ("" if here else ", of another environment"))
        return
    owner = next(
        (
            f"{point.dist.metadata['Name']} {point.dist.version}"
            for point in metadata.entry_points(group="console_scripts", name="kiwoom")
            if point.dist is not None and point.module.partition(".")[0].encode() in script
        ),
        "another program",
    )
    yield Name("command", "warning", f"kiwoom runs {owner}: {found}", f"{remedy}; {_APART}, or: {_reinstall()}")


if __name__ == "__main__":
    main()
