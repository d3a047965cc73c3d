"""The generated reference pages are those that the tables give now, and they hold everything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts import make_reference

from kiwoom import catalog, errors
from kiwoom.control.contract import EVENTS, FUNCTIONS


def test_the_pages_are_not_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_reference.main(check=True) == 0, capsys.readouterr().out


def test_every_table_is_in_the_pages_in_full() -> None:
    pages = make_reference.pages()
    sections = [code for text in pages.values() for code in re.findall(r'<a id="(\w+)">', text)]
    assert sorted(sections) == sorted(catalog.trs())
    for kind, names in (("functions.md", FUNCTIONS), ("events.md", EVENTS)):
        assert all(f"`{name}`" in pages[kind] for name in names)
    assert all(f"`{code}`" in pages["errors.md"] for code in errors.CODES)
    assert all(f"| {number} | {name.replace('|', '')}" in pages["fids.md"] for number, name in catalog.fids().items())


def test_links_between_pages_lead_somewhere() -> None:
    pages = make_reference.pages()
    for path, text in pages.items():
        for target, anchor in re.findall(r"\]\(([\w./-]+\.md)(?:#(\w+))?\)", text):
            page = (Path(path).parent / target).as_posix()
            assert page in pages, f"{path} links to {target}"
            assert not anchor or f'<a id="{anchor}">' in pages[page]


def test_a_stale_page_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_reference, "TARGET", tmp_path)
    assert make_reference.main() == 0
    assert make_reference.main(check=True) == 0
    (tmp_path / "fids.md").write_text("changed", "utf-8")
    (tmp_path / "tr" / "gone.md").write_text(make_reference.NOTE, "utf-8")
    capsys.readouterr()
    assert make_reference.main(check=True) == 1
    told = capsys.readouterr().out
    assert "fids.md" in told and "gone.md" in told
