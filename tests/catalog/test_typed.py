"""Typed values: what real servers sent, and laws that hold for every number in every form."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoom import catalog
from kiwoom.catalog.units import CHANGE, COUNT, PRICE, RATE, RATIO, SIDED, WON
from kiwoom.catalog.values import read
from kiwoom.errors import FieldFormatError, UnknownFid, UnknownRealType, UnknownTr

# Answers of the mock and the real server, 2018 to 2024: TR, field, text, value in the unit, direction, unit.
CAPTURED = [
    ("opt10001", "현재가", "-77000", 77_000, -1, "won"),
    ("opt10001", "현재가", "+81500", 81_500, 1, "won"),
    ("opt10001", "기준가", "77500", 77_500, 0, "won"),
    ("opt10001", "전일대비", "-500", -500, -1, "won"),
    ("opt10001", "등락율", "-0.65", Decimal("-0.65"), -1, "%"),
    ("opt10001", "거래대비", "-87.95", Decimal("87.95"), -1, "%"),
    ("opt10001", "시가총액", "4596733", 459_673_300_000_000, 1, "won"),
    ("opt10001", "상장주식", "5969783", 5_969_783_000, 1, "shares"),
    ("opt10001", "예상체결가", "-0", 0, 0, "won"),
    ("opt10001", "시가총액비중", "", None, 0, "%"),
    ("opt10001", "외인소진률", "+52.23", Decimal("52.23"), 1, "%"),
    ("opt10001", "250최고가일", "20210115", dt.date(2021, 1, 15), 0, ""),
    ("opt10001", "종목코드", "005930", "005930", 0, ""),
    ("opt10081", "거래대금", "595861", 595_861_000_000, 1, "won"),
    ("opt10081", "일자", "20220118", dt.date(2022, 1, 18), 0, ""),
    ("opt10003", "체결거래량", "-60", 60, -1, "shares"),
    ("opt10003", "체결거래량", " 6989", 6_989, 0, "shares"),
    ("opt10003", "누적거래대금", "2709119750", 2_709_119_750, 1, "won"),
    ("opt10003", "시간", "155832", dt.time(15, 58, 32), 0, ""),
    ("opt10080", "체결시간", "20241202153000", dt.datetime(2024, 12, 2, 15, 30), 0, ""),
    ("opt20005", "체결시간", "20241202888888", dt.datetime(2024, 12, 2, 16, 0), 0, ""),
    ("opt20006", "현재가", "245423", Decimal("2454.23"), 0, "points"),
    ("opt10032", "거래대금", "1574018", 1_574_018_000_000, 1, "won"),
    ("OPTKWFID", "체결량", "-130", 130, -1, "shares"),
    ("OPTKWFID", "액면가", "0.20", Decimal("0.20"), 0, "won"),
    ("OPTKWFID", "ELW만기일", "00000000", None, 0, ""),
    ("opw00018", "평가손익", "-00000000014867", -14_867, -1, "won"),
    ("opw00018", "평가손익", "000000000072528", 72_528, 1, "won"),
    ("opw00018", "수익률(%)", "-00000003.21", Decimal("-3.21"), -1, "%"),
    ("opw00018", "종목번호", "A005930", "005930", 0, ""),
    ("opw00018", "대출일", "", None, 0, ""),
    ("opw00001", "예수금", "000000496143503", 496_143_503, 1, "won"),
    ("opt10085", "현재가", "-7370", 7_370, -1, "won"),
    ("opt10085", "대출일", "00000000", None, 0, ""),
    ("opt10085", "당일매매수수료", "", None, 0, "won"),
]

# One 주식체결 message of the mock server, 2022-01-18: its 42 values in the order of the type's FIDs.
TRADE = (
    "142942\t-77100\t-400\t-0.52\t-77100\t-76900\t+3\t7884712\t608869\t+77600\t+77800\t-76600\t5\t-900410\t-70033816000\t"
    "-89.75\t0.13\t201\t61.12\t4602702\t2\t0\t-89.68\t000000\t000000\t11814\t090003\t100015\t133453\t4817707\t2944634\t"
    "-37.93\t30338\t31739\t+231\t 0\t+3\t+3\t30840\t24672\t77222\t411"
)


@pytest.mark.parametrize(("tr", "field", "text", "value", "direction", "unit"), CAPTURED)
def test_captured(tr: str, field: str, text: str, value: object, direction: int, unit: str) -> None:
    found = catalog.typed(tr, field, text)
    assert (found.value, found.direction, found.meaning.unit) == (value, direction, unit)
    assert type(found.value) is type(value)
    assert found.raw == text


def test_a_captured_trade_is_consistent_with_itself() -> None:
    """The arithmetic between the fields holds only if every unit and sign is read right."""
    fids = catalog.real_type("주식체결").fids
    trade = {f: catalog.typed_fid(f, text, "주식체결") for f, text in zip(fids, TRADE.split("\t"), strict=False)}
    value: dict[int, Any] = {f: t.value for f, t in trade.items()}
    assert value[20] == dt.time(14, 29, 42)
    assert (value[10], trade[10].direction, value[11]) == (77_100, -1, -400)
    assert (value[15], trade[15].direction) == (3, 1)
    assert value[228] == round(Decimal(2944634) / 4817707 * 100, 2)
    assert value[14] == 608_869_000_000
    assert abs(value[14] // value[13] - value[620]) <= 1  # 14 is cut to a million
    assert value[311] == 460_270_200_000_000
    assert (value[1313], trade[1313].direction) == (231_000, 1)
    assert (value[1315], trade[1315].direction) == (0, 0)
    assert value[851] == Decimal("118.14")
    assert value[567] is None
    assert (value[30], trade[30].direction) == (Decimal("89.75"), -1)
    assert value[290] == "2"


def test_sessions_indices_and_chejan() -> None:
    assert catalog.typed_fid(214, "000050").value == dt.timedelta(seconds=50)
    index = catalog.typed_fid(10, "-1762.61", "업종지수")
    assert (index.value, index.direction, index.meaning.unit) == (Decimal("1762.61"), -1, "points")
    assert catalog.typed_fid(13, "725277", "업종지수").value == 725_277_000
    assert catalog.typed_fid(9001, "A005930").value == "005930"
    assert catalog.typed_fid(9203, "0163911").value == "0163911"
    assert catalog.typed_fid(905, "+매수").value == "+매수"
    assert catalog.typed_fid(302, "삼성전자" + " " * 32).value == "삼성전자"
    assert catalog.typed_fid(932, "154300").meaning == WON
    assert catalog.typed_fid(949, "3").value == "3"


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(UnknownTr):
        catalog.typed("opt1", "현재가", "1")
    with pytest.raises(UnknownFid, match="총수익률"):
        catalog.typed("opw00018", "총수익율(%)", "1")
    with pytest.raises(UnknownRealType):
        catalog.typed_fid(10, "1", "없는것")


@pytest.mark.parametrize(
    ("tr", "field", "text"),
    [
        ("opt10001", "현재가", "abc"),
        ("opt10001", "현재가", "+"),
        ("opt10001", "현재가", "1.2.3"),
        ("opt10081", "일자", "20221301"),
        ("opt10081", "일자", "2022"),
        ("opt10003", "시간", "25:00"),
        ("opt10003", "시간", "256199"),
    ],
)
def test_a_text_of_another_form_names_field_and_text(tr: str, field: str, text: str) -> None:
    with pytest.raises(FieldFormatError) as caught:
        catalog.typed(tr, field, text)
    assert field in str(caught.value) and text in str(caught.value)


def test_every_output_and_every_fid_has_a_meaning() -> None:
    outputs = {(t.code, name) for t in catalog.trs().values() for name in t.outputs}
    for code, name in outputs:
        catalog.meaning(code, name)
    for number in catalog.fids():
        catalog.meaning_of_fid(number)
    numeric = sum(catalog.meaning(c, n).form not in ("text", "flag") for c, n in outputs)
    assert numeric / len(outputs) > 0.8


@given(st.integers(0, 10**12), st.sampled_from(["+", "-", "", " "]))
def test_a_price_is_its_magnitude_and_its_side(price: int, sign: str) -> None:
    found = read(f"{sign}{price}", PRICE)
    assert found.value == price
    assert found.direction == (0 if not price else {"+": 1, "-": -1}.get(sign, 0))


@given(st.integers(-(10**13), 10**13), st.integers(0, 15))
def test_padding_changes_nothing(amount: int, width: int) -> None:
    for meaning in (WON, CHANGE, COUNT):
        assert read(f"{amount:0{width}d}", meaning).value == amount
        assert read(f" {amount}   ", meaning).value == amount
        assert read(f"{amount:+d}", meaning).value == amount


@given(st.integers(-(10**9), 10**9))
def test_rates_are_exact(hundredths: int) -> None:
    text = f"{Decimal(hundredths) / 100:.2f}"
    assert read(text, RATE).value == Decimal(hundredths) / 100
    assert read(text, RATIO).value == abs(Decimal(hundredths) / 100)
    assert read(f"{Decimal(hundredths) / 100:012.2f}", RATE).value == Decimal(hundredths) / 100


@given(st.integers(1, 10**9), st.sampled_from(["+", "-"]))
def test_a_side_is_not_a_sign(quantity: int, sign: str) -> None:
    found = read(f"{sign}{quantity}", SIDED)
    assert found.value == quantity
    assert found.direction == (1 if sign == "+" else -1)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)))
def test_dates_come_back(day: dt.date) -> None:
    assert catalog.typed("opt10081", "일자", f"{day:%Y%m%d}").value == day


@given(st.text(max_size=20), st.sampled_from(sorted({(t.code, f) for t in catalog.trs().values() for f in t.outputs})))
def test_any_text_gives_a_value_or_the_documented_error(text: str, field: tuple[str, str]) -> None:
    try:
        found = catalog.typed(*field, text)
    except FieldFormatError:
        return
    assert found.raw == text
