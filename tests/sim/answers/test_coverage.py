"""The list of what is answered is made from the code, complete and up to date."""

from __future__ import annotations

import pytest
from scripts import make_coverage

from kiwoom import catalog
from kiwoom.sim.answers import ANSWERS


def test_at_least_150_of_the_227_are_answered() -> None:
    assert len(catalog.trs()) == 227
    assert set(ANSWERS) <= set(catalog.trs())
    assert len(ANSWERS) >= 150


def test_every_answer_says_what_it_is_made_from() -> None:
    assert [code for code, declared in ANSWERS.items() if not declared.source.strip()] == []


def test_the_page_lists_every_tr_once() -> None:
    lines = [line for line in make_coverage.page().splitlines() if line.startswith("| op")]
    assert sorted(line.split()[1].lower() for line in lines) == sorted(catalog.trs())


@pytest.mark.slow  # the page is made anew before a release, not with each answer that is added
def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_coverage.main(check=True) == 0, capsys.readouterr().out
