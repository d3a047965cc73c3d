"""TRs, FIDs, real types, markets, sectors: complete, and found in any spelling that the control accepts."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter

import pytest
from tests.data.market import HERE

from kiwoom import catalog
from kiwoom.errors import UnknownFid, UnknownRealType, UnknownTr, UsageError, WrongArguments


def test_every_tr_has_a_name_and_something_to_read() -> None:
    assert len(catalog.trs()) == 227
    assert all(t.name and t.code == code == code.lower() for code, t in catalog.trs().items())
    assert [t.code for t in catalog.trs().values() if not t.outputs] == []


@pytest.mark.parametrize("spelling", ["opt10081", "OPT10081", "Opt10081", " opt10081 "])
def test_a_tr_is_found_in_any_case(spelling: str) -> None:
    daily = catalog.tr(spelling)
    assert (daily.name, daily.rows) == ("주식일봉차트조회요청", 600)
    assert daily.inputs == ("종목코드", "기준일자", "수정주가구분")
    assert (daily.single_record, daily.multi_record) == ("주식일봉차트", "주식일봉차트조회")
    assert daily.multi[4] == catalog.Field("일자", 22)


def test_the_page_size_is_none_where_the_server_decides() -> None:
    assert catalog.tr("opw00018").rows is None
    assert catalog.tr("opt10001").rows is None
    assert catalog.tr("opt10080").rows == 900


def test_an_unknown_tr_names_the_nearest() -> None:
    with pytest.raises(UnknownTr, match="opt10081"):
        catalog.tr("opt1081")
    with pytest.raises(UnknownTr, match="opt10081"):
        catalog.tr("주식일봉차트조회요청")
    assert issubclass(UnknownTr, UsageError)


def test_field_names_are_unique_within_a_record_but_for_the_vendors_own_slips() -> None:
    doubled = {
        (t.code, name)
        for t in catalog.trs().values()
        for record in (t.single, t.multi)
        for name, count in Counter(f.name for f in record).items()
        if count > 1
    }
    assert len(doubled) < 25, sorted(doubled)


@pytest.mark.parametrize(
    ("number", "name"), [(10, "현재가"), ("20", "체결시간"), (9203, "주문번호"), (1030, "매도체결량")]
)
def test_a_fid_has_a_name(number: int | str, name: str) -> None:
    assert catalog.fid(number) == name


def test_an_unnamed_fid_gives_its_number() -> None:
    assert catalog.fid(99_999) == "99999"
    assert catalog.fid("99999") == "99999"


def test_the_number_of_a_name_is_the_lowest() -> None:
    assert catalog.fid_number("현재가") == 10
    assert catalog.fid_number("거래량") == 15
    with pytest.raises(UnknownFid, match="현재가"):
        catalog.fid_number("현제가")


def test_real_types_carry_their_fids_in_the_order_of_the_data() -> None:
    assert len(catalog.real_types()) == 159
    trade = catalog.real_type("주식체결")
    assert (trade.gidc, len(trade.fids), trade.fids[:3]) == ("0B", 43, (20, 10, 11))
    assert trade.registrable
    book = catalog.real_type("주식호가잔량").fids
    assert book[0] == 21
    assert book[1:61] == tuple(base + n for n in range(1, 11) for base in (40, 60, 80, 50, 70, 90))


def test_balances_are_not_registered_and_have_an_alias() -> None:
    assert catalog.real_type("잔고") is catalog.real_type("현물잔고")
    assert {n for n, t in catalog.real_types().items() if t.kind == "chejan"} == {"주문체결", "현물잔고", "파생잔고"}
    assert not catalog.real_type("순간체결량").registrable
    with pytest.raises(UnknownRealType, match="주식체결"):
        catalog.real_type("주식채결")


def test_chejan_lists_have_the_captured_lengths() -> None:
    assert [len(catalog.chejan_fids(g)) for g in "014"] == [35, 34, 20]
    assert catalog.chejan_fids("0")[:2] == (9201, 9203)
    with pytest.raises(WrongArguments, match="gubun"):
        catalog.chejan_fids("2")


def test_every_chejan_fid_a_program_reads_has_a_name() -> None:
    for number in (9201, 9203, 9001, 912, 913, 302, 900, 901, 902, 905, 909, 910, 911, 914, 915, 938, 939, 930, 931):
        assert not catalog.fid(number).isdigit()


def test_markets_and_sectors() -> None:
    assert catalog.markets()["0"] == "코스피"
    assert catalog.markets()["10"] == "코스닥"
    assert len(catalog.markets()) == 12
    assert catalog.sectors()["001"] == catalog.Sector("001", "종합(KOSPI)", "0")
    assert catalog.sectors()["201"].name == "KOSPI200"
    assert {s.market for s in catalog.sectors().values()} == {"0", "1", "2", "4", "7"}


def test_sectors_are_those_of_the_reference() -> None:
    with (HERE / "sectors.csv").open(encoding="utf-8") as file:
        expected = {r["code"]: r["name"] for r in csv.DictReader(file)}
    assert {code: s.name for code, s in catalog.sectors().items()} == expected


def test_the_import_reads_no_table() -> None:
    program = (
        "import sys, kiwoom.catalog as c; from kiwoom.catalog import transactions, fields, realtime, places;"
        "caches = [transactions.trs, fields.fids, realtime.real_types, places.sectors];"
        "assert all(f.cache_info().currsize == 0 for f in caches);"
        "assert not {'pandas', 'numpy', 'grpc', 'rich', 'typer'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
