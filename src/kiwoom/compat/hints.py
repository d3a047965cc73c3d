"""Advice on the end of a program: the last lines of `kiwoom run`."""

from __future__ import annotations

from datetime import datetime

from kiwoom.compat.report import Report
from kiwoom.errors import msg

__all__ = ["after", "while_waiting"]

_ADVICE = {
    -200: "ask at most five times a second and 1,000 times an hour, or wait and ask again when -200 is returned",
    -202: "the account's password counts as entered here: give the account of GetLoginInfo('ACCNO')",
    -209: "as on the real server, these codes are locked for a minute or longer after too many requests: wait, or let "
          "time pass (`--clock virtual`)",
    -211: "as on the real server, 100 codes at most in one request: send them in several",
    -300: "an input is missing or misspelt: `kiwoom tr CODE` lists a TR's inputs",
    -308: "orders are limited to five a second: wait 0.2 s between them",
    -311: "orders are limited to five a second: wait 0.2 s between them",
}  # fmt: skip
_ADVICE_FOR_OTHERS = "`kiwoom errmsg CODE` says more"


def after(report: Report, code: int, until: datetime | None = None) -> list[str]:
    """
    Lines for the end of a run that ended with `code`; none for a program that did what it wanted.

    `until` is the time of `--until`: one before the session's start ends the program at once.
    """
    if until is not None and report.cut_short and report.started >= f"{until:%Y-%m-%d %H:%M:%S}":
        return [f"--until {until:%Y-%m-%d %H:%M} is not after the session's start ({report.started}), so the program "
                "ended at once: give a later time, or --at"]  # fmt: skip
    if code == 0 and not report.cut_short:
        return []
    lines = _refusals(report) + _unanswered(report)
    lines += [text for kind, text in report.notes if kind == "ended"]
    return lines


def while_waiting(report: Report) -> list[str]:
    """Lines for a program that waits although nothing is planned; none if nothing that it asked for is missing."""
    lines = _refusals(report) + _unanswered(report)
    if not lines:
        return []
    return ["the program waits, and may wait in vain:", *lines,
            "Ctrl-C ends it; `--until 'DATE TIME'` would end it by itself"]  # fmt: skip


def _refusals(report: Report) -> list[str]:
    return [
        f"{name} was refused {count}×: {msg(code)}: {_ADVICE.get(code, _ADVICE_FOR_OTHERS)}"
        # Three of a kind: with the program's own last words above, more would scroll the reason away.
        for (name, code), count in report.codes.most_common(3)
    ]


def _unanswered(report: Report) -> list[str]:
    lines = []
    for (screen_no, rq_name), (tr_code, said) in list(report.unanswered.items())[-3:]:
        because = f"the server said: {said}" if said else "no answer came before the end"
        lines.append(f"{tr_code} (request {rq_name!r}, screen {screen_no}) was never answered; {because}")
    return lines
