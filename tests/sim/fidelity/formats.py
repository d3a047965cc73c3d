"""What a program sees of a text: its kind, its sign, its width, whatever the figures are."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["described", "differences", "kind_of", "signs_of"]

# The simulator may leave these empty where the captured stock had a figure: funds and loss-making companies have none.
_MAY_BE_EMPTY = {"PER", "EPS", "ROE", "PBR", "EV", "BPS"}
# The captured company earned money; one with a loss has a minus here.
_EARNINGS = {"PER", "EPS", "ROE", "영업이익", "당기순이익"}
_TIMES = {
    "매매체결처리시각", "VI해제시각", "체결시간", "시간", "호가시간", "20", "21", "214", "567", "568", "908", "1223",
    "1224", "1890", "1891", "1892",
}  # fmt: skip
_DATES = {"일자", "250최고가일", "250최저가일", "대출일", "만기일", "ELW만기일", "916", "918", "923"}
# numbers of a fixed number of digits
_NUMBERS = {"9201", "9203", "904", "920", "917", "922", "9008", "주문번호", "조회건수", "신용구분"}
_CODES = {"종목코드", "종목번호", "9001"}


def kind_of(text: str, name: str = "") -> str:
    """What a text is, without its sign; `name` is the field's, since a time looks like a number."""
    body = text[1:] if text[:1] in ("+", "-", " ") else text
    if body == "":
        return "empty"
    if name in _TIMES and re.fullmatch(r"[0-2]\d[0-5]\d[0-5]\d", body):
        return "time"
    if name in _DATES and re.fullmatch(r"(19|20)\d{2}[01]\d[0-3]\d|0{8}", body):
        return "date"
    if name in _CODES and re.fullmatch(r"[A-Z]?[0-9][0-9A-Z]{5}", body):
        return "code with a letter before it" if len(body) == 7 else "code of 6 characters"
    if name in _NUMBERS and body.isdecimal():
        return f"{len(body)} digits"
    if re.fullmatch(r"0\d+", body):
        return f"{len(text)} characters with leading zeros"
    if re.fullmatch(r"\d+", body):
        return "whole number"
    decimals = re.fullmatch(r"(\d+)\.(\d+)", body)
    if decimals:
        padded = f" in {len(text)} characters" if re.match(r"0\d", body) else ""
        return f"number with {len(decimals[2])} decimals{padded}"
    if re.fullmatch(r"\d+ ", body):
        return f"{len(text)} characters with a blank at the end"
    words = "words with a sign" if text[0] in "+-" else "words"
    return "words in 40 bytes" if text.endswith(" ") and len(text.encode("cp949")) == 40 else words


def signs_of(texts: Iterable[str], name: str = "") -> set[str]:
    """The signs that stand before numbers: plus, minus, a blank, or nothing."""
    return {text[0] if text[:1] in ("+", "-", " ") else "" for text in texts if "words" not in kind_of(text, name)}


def differences(captured: dict[str, tuple[str, ...]], simulated: list[dict[str, str]], base: str = "") -> list[str]:
    """
    The fields whose format differs, each with what was sent and what is expected.

    A sign may be missing where a text is zero, or the base price that the row has under `base` (a row without it: any
    text). Where the server puts a blank into a sign's place, nothing else stands there.
    """
    found = []
    for name, samples in captured.items():
        kinds = {kind_of(text, name) for text in samples}
        if name in _MAY_BE_EMPTY:
            kinds.add("empty")
        signs = signs_of(samples, name)
        if signs & {"+", "-"}:
            signs |= {"+", "-"}
        if name in _EARNINGS:
            signs.add("-")
        for row in simulated:
            text = row[name]
            allowed = signs if " " in signs else signs | _unsigned(text, row.get(base))
            if kind_of(text, name) not in kinds or not signs_of([text], name) <= allowed:
                found.append(f"{name}: sent {text!r}, captured {samples}")
                break
    return found


def _unsigned(text: str, base: str | None) -> set[str]:
    """The empty sign if a text may do without: it is zero, empty, or the base price (None: not known)."""
    return {""} if base in (None, text) or not text.strip("0.") else set()


def described(texts: Iterable[str], name: str = "") -> str:
    """The format of some values of one field, in words."""
    texts = list(dict.fromkeys(texts))
    kinds = sorted({kind_of(text, name) for text in texts} - {"empty"}) or ["empty"]
    signs = signs_of((text for text in texts if text), name) - {""}
    sign = "a sign, " if signs & {"+", "-"} else ""
    blank = "a blank in the sign's place, " if " " in signs else ""
    return sign + blank + " or ".join(kinds)
