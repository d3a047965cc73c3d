"""
The captured messages themselves, read from tests/sim/captured/collection.md, by the kind that they are compared in.

Tests hold every one of them against the few values that the repository carries, and so against the simulator.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator

from kiwoom import catalog

__all__ = ["messages", "sections", "whole_sections"]

_HEADING = re.compile(r"#{2,3} (\d+(\.\d+)?)")
_NOTICES = {"접수": "주문체결 (gubun 0), 접수", "체결": "주문체결 (gubun 0), 체결"}


def whole_sections(text: str) -> dict[str, list[str]]:
    """All lines by the number of their section."""
    found: dict[str, list[str]] = defaultdict(list)
    number = ""
    for line in text.splitlines():
        heading = _HEADING.match(line)
        number = heading[1] if heading else number
        if number:
            found[number].append(line)
    return found


def sections(text: str) -> dict[str, list[str]]:
    """The lines that hold values: rows of tables without the head, records, sentences with values."""
    found: dict[str, list[str]] = {}
    for number, lines in whole_sections(text).items():
        heads = {i for i, after in enumerate(lines[1:]) if re.fullmatch(r"\|[-| ]+\|", after)}
        found[number] = [
            line
            for index, line in enumerate(lines)
            if index not in heads
            and not re.fullmatch(r"\|[-| .]+\|", line)
            and (line.startswith(("|", "[", "{")) or "`" in line)
            and line not in ("[", "]")
            and not line.startswith("```")
        ]
    return found


def _table(lines: list[str], first: str) -> Iterator[dict[str, str]]:
    """The rows of the table whose first column has this name."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    start = next(i for i, row in enumerate(rows) if row[0] == first)
    names = rows[start]
    for row in rows[start + 2 :]:
        if len(row) != len(names) or row == names:
            return
        if row[0] != "...":
            yield dict(zip(names, map(_value, row), strict=True))


def _value(cell: str) -> str:
    return "" if cell in ("(empty)", "''") else cell.strip("`")


def messages(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every captured message that the collection has whole or in part: its kind, and its values by field."""
    lines = whole_sections(text)
    table = list(_table(lines["1"], "field"))
    for day in list(table[0])[1:]:
        yield "opt10001", {row["field"]: row[day] for row in table}
    for row in _table(lines["2.1"], "종목코드"):
        yield "opt10081", {name: value for name, value in row.items() if not name.startswith("other")}
    yield from (("opt10081, real server", row) for row in _table(lines["2.2"], "일자"))
    names = json.loads(next(line for line in lines["3"] if line.startswith('["종목코드"')))
    for line in lines["3"]:
        if re.match(r'\["\d{6}"', line):
            yield "OPTKWFID", dict(zip(names, json.loads(line.rstrip(",")), strict=True))
    yield from _notices(lines["5.1"])
    for line in lines["5.2"]:
        if line.startswith("{"):
            values = {**json.loads(line), "9201": "5000000011"}
            del values["gubun"]
            yield f"{_NOTICES[values['913']]}, real server", values
    for line in lines["6.1"]:
        if line.startswith("["):
            _, _, name, data = json.loads(line)
            yield name, dict(zip(map(str, catalog.real_type(name).fids), data.split("\t"), strict=False))
    for row in _table(lines["6.2"], "PC time"):
        yield "장시작시간", dict(zip(("215", "20", "214"), row["data"].replace("\\t", "\t").split("\t"), strict=True))
    for line in lines["6.3"]:
        if line.startswith("{"):
            values = json.loads(line)
            name = values.pop("type").partition(" ")[2]
            values.pop("item", None)
            yield name, values
    yield from _rankings(lines)


def _notices(lines: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    fids = {
        gubun: rest.strip("`").split(";") for gubun, rest in re.findall(r"- gubun (\d): (`[\d;]+`)", "\n".join(lines))
    }
    for line in lines:
        if '"OnReceiveChejanData"' in line:
            event = json.loads(line)
            values = dict(zip(fids[event["gubun"]], event["values"], strict=True))
            # names were stripped by the recording client, account numbers masked
            del values["302"], values["9201"]
            kind = "잔고 (gubun 1)" if event["gubun"] == "1" else _NOTICES[values["913"]]
            yield kind, values


def _rankings(lines: dict[str, list[str]]) -> Iterator[tuple[str, dict[str, str]]]:
    stocks = list(_table(lines["7.1"], "종목명"))
    for stock in list(stocks[0])[1:]:
        yield "opw00018, rows", {row["종목명"]: row[stock] for row in stocks if "/" not in row["종목명"]}
    yield "opw00018, single", json.loads(re.findall(r"`(\{.*\})`", lines["7.2"][0])[0])
    for line in lines["7.4"]:
        for found in re.findall(r"`(\{.*?\})`", line):
            values = json.loads(found.replace(",...", ""))
            yield "opt10085" if "일자" in values else "opt10085, a stock sold out", values
    yield from (("OPT10032", row) for row in _table(lines["8"], "종목코드"))
    columns = [item.name for item in catalog.tr("opt10003").multi]
    for line in lines["9"]:
        if line.startswith("["):
            yield "opt10003", dict(zip(columns, json.loads(line), strict=True))
    for row in _table(lines["11"], "종목코드"):
        yield "opt10054", {name: value for name, value in row.items() if name != "거래소"}
