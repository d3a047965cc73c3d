"""
Write the lines that tell how to install the package into the README files and the manual.

``python scripts/make_install.py`` fills every stretch between ``<!-- install EXTRAS -->`` and ``<!-- /install -->``;
with ``--check`` it writes nothing and fails when one differs. What stands there follows `kiwoom.installing.PUBLISHED`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from kiwoom import installing  # noqa: E402

STRETCH = re.compile(r"<!-- install( [a-z,]+)? -->(.*?)<!-- /install -->", re.S)

# The block at the beginning of a page, by language.
BLOCKS = {
    False: {
        "en": (
            'pip install .                         # in a checkout of this repository; ".[all]" brings every extra\n'
            "kiwoom demo                           # log in, chart, live prices, an order filled: in the terminal",
            "The package is not on PyPI yet. Its name there will be `kiwoom-openapi-plus`; the command and the import "
            "name are\n`kiwoom`. `make build` makes a wheel for other machines: "
            "`pip install kiwoom_openapi_plus-*.whl`.",
        ),
        "ko": (
            'pip install .                         # 저장소 폴더에서. 추가 기능까지 모두 설치하려면 ".[all]"\n'
            "kiwoom demo                           # 로그인, 차트, 실시간 시세, 주문 체결까지 터미널에서",
            "아직 PyPI에 등록하지 않았습니다. 등록할 이름은 `kiwoom-openapi-plus`이며, 명령과 import 이름은 "
            "`kiwoom`입니다. 다른 컴퓨터에는\n`make build`로 만든 wheel을 설치하세요: "
            "`pip install kiwoom_openapi_plus-*.whl`.",
        ),
    },
    True: {
        "en": (
            "pip install kiwoom-openapi-plus       # [all] brings every extra; the command and import name is kiwoom\n"
            "kiwoom demo                           # log in, chart, live prices, an order filled: in the terminal",
            "",
        ),
        "ko": (
            "pip install kiwoom-openapi-plus       # 추가 기능까지 모두 설치하려면 [all]. import 이름은 kiwoom\n"
            "kiwoom demo                           # 로그인, 차트, 실시간 시세, 주문 체결까지 터미널에서",
            "",
        ),
    },
}


def pages() -> Iterator[Path]:
    """The pages with such a stretch."""
    for path in (*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))):
        if STRETCH.search(path.read_text("utf-8")):
            yield path


def filled(path: Path) -> str:
    """The page with its stretches as they should be."""
    korean = path.name.endswith(".ko.md") or "ko" in path.relative_to(ROOT).parts
    commands, words = BLOCKS[installing.PUBLISHED]["ko" if korean else "en"]
    block = f"\n```sh\n{commands}\n```\n" + (f"\n{words}\n" if words else "")

    def stretch(match: re.Match[str]) -> str:
        extras = (match[1] or "").strip()
        source = installing.NAME if installing.PUBLISHED else "."
        inside = f'`pip install "{source}[{extras}]"`' if extras else block
        return f"<!-- install{match[1] or ''} -->{inside}<!-- /install -->"

    return STRETCH.sub(stretch, path.read_text("utf-8"))


def main(check: bool = False) -> int:
    """Write the pages, or with `check` name those that are stale: 1 if there are any."""
    stale = [path for path in pages() if path.read_text("utf-8") != filled(path)]
    for path in stale:
        name = path.relative_to(ROOT).as_posix()
        if check:
            print(f"{name} is stale: python scripts/make_install.py")
        else:
            path.write_text(filled(path), "utf-8", newline="\n")
            print(f"wrote {name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
