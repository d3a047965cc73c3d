"""The spellings of `dynamicCall` that programs in the wild use."""

from __future__ import annotations

import logging

import pytest

from kiwoom.control.contract import FUNCTIONS
from kiwoom.control.dynamic import parse, read
from kiwoom.errors import UnknownFunction, WrongArguments

SPELLINGS = [
    ("CommConnect()", (), "CommConnect", ()),
    ("CommConnect", (), "CommConnect", ()),
    ("  commConnect ( ) ", (), "CommConnect", ()),
    ("GetLoginInfo(QString)", (["ACCNO"],), "GetLoginInfo", ("ACCNO",)),
    ("GetLoginInfo(QString)", (("ACCNO",),), "GetLoginInfo", ("ACCNO",)),
    ("GetLoginInfo(QString)", ("ACCNO",), "GetLoginInfo", ("ACCNO",)),
    ("GetLoginInfo", ("ACCNO",), "GetLoginInfo", ("ACCNO",)),
    ('GetLoginInfo("ACCNO")', (), "GetLoginInfo", ("ACCNO",)),
    ("GetLoginInfo('ACCNO')", (), "GetLoginInfo", ("ACCNO",)),
    ('GetMasterCodeName("005930")', (), "GetMasterCodeName", ("005930",)),
    ("GetMasterCodeName(005930)", (), "GetMasterCodeName", ("5930",)),  # Qt reads a bare number as one
    ('KOA_Functions("GetServerGubun", "")', (), "KOA_Functions", ("GetServerGubun", "")),
    ('koa_functions("a\\"b\\n, (c)", "")', (), "KOA_Functions", ('a"b\n, (c)', "")),
    ("GetFutureCodeByIndex(2)", (), "GetFutureCodeByIndex", (2,)),
    (
        "CommRqData(QString, QString, int, QString)",
        ("이름", "opt10001", 0, "0101"),
        "CommRqData",
        ("이름", "opt10001", 0, "0101"),
    ),
    (
        "CommRQData(QString,QString,int,QString)",
        ("이름", "opt10001", "2", "0101"),
        "CommRqData",
        ("이름", "opt10001", 2, "0101"),
    ),
    ("CommRqData(String, Qstring, Int, long)", ("a", "b", "0", 101), "CommRqData", ("a", "b", 0, "101")),
    ("CommRqData", (["a", "b", 0, "0101"],), "CommRqData", ("a", "b", 0, "0101")),
    ("CommRqData(QString)", ("a", "b", 0, "0101"), "CommRqData", ("a", "b", 0, "0101")),
    ("CommRqData(QVariant, QVariant, QVariant, QVariant)", ("a", "b", 0, 9), "CommRqData", ("a", "b", 0, "9")),
    ("DisConnectRealData(QString)", ("0101",), "DisconnectRealData", ("0101",)),
    ("DisconnectRealData(QString sScnNo)", ("0101",), "DisconnectRealData", ("0101",)),
    ("DisconnectRealData(const QString&)", ("0101",), "DisconnectRealData", ("0101",)),
    (
        "CommKwRqData(QString, QBoolean, int, int, QString, QString)",
        ("005930", False, 1, 0, "관심", "0101"),
        "CommKwRqData",
        ("005930", 0, 1, 0, "관심", "0101"),
    ),
    (
        "CommKwRqData(QString, bool, int, int, QString, QString)",
        ("005930", 0, 1.0, 0, "관심", "0101"),
        "CommKwRqData",
        ("005930", 0, 1, 0, "관심", "0101"),
    ),
    (
        "SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)",
        (["주문", "0101", "8000000011", 1, "005930", 10, "", "03", ""],),
        "SendOrder",
        ("주문", "0101", "8000000011", 1, "005930", 10, 0, "03", ""),
    ),
    ("GetChejanData(int)", ("9201",), "GetChejanData", (9201,)),
    ("GetChejanData(QString)", ("9201",), "GetChejanData", (9201,)),
    (
        'CommGetData("005930", "주식시세", 10, 0, "")',
        (),
        "CommGetData",
        ("005930", "주식시세", "10", 0, ""),
    ),
    (
        "CommGetData(QString, QString, QString, int, QString)",
        ("opt10001", "", "이름", 0, "현재가"),
        "CommGetData",
        ("opt10001", "", "이름", 0, "현재가"),
    ),
]


@pytest.mark.parametrize(("spec", "arguments", "name", "expected"), SPELLINGS)
def test_spelling(spec: str, arguments: tuple[object, ...], name: str, expected: tuple[str | int, ...]) -> None:
    """Each spelling means the function and the arguments that the OCX would receive."""
    called, values = parse(spec, arguments)
    assert called is FUNCTIONS[name]
    assert values == expected
    assert [type(v) for v in values] == [int if a.kind == "long" else str for a in called.arguments]


# Left: what a program passes where int is declared. Right: what PyQt5 5.15.11's QVariant converts it to.
QVARIANT_INT = [
    (" 12 ", 12), ("", 0), ("abc", 0), ("12.0", 0), ("+5", 5), ("-3", -3), ("0x10", 0), ("1e3", 0), (71900.0, 71900),
    (71900.5, 71901), (71901.5, 71902), (-2.5, -2), (True, 1), (None, 0), (1.5, 2), ("２", 0), ("1,000", 0),
]  # fmt: skip
QVARIANT_TEXT = [
    (" 12 ", " 12 "), (5, "5"), (71900.0, "71900"), (71900.5, "71900.5"), (0.1, "0.1"), (1 / 3, "0.3333333333333333"),
    (True, "true"), (2**31, "2147483648"), (None, ""), (1e-07, "1e-07"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), QVARIANT_INT)
def test_declared_int_converts_as_qvariant(value: object, expected: int) -> None:
    """Where int is declared, what is not a whole number becomes 0, as in Qt, and not an error."""
    assert parse("GetThemeGroupList(int)", [[value]])[1] == (expected,)


@pytest.mark.parametrize(("value", "expected"), QVARIANT_TEXT)
def test_declared_text_converts_as_qvariant(value: object, expected: str) -> None:
    """Any value becomes text where text belongs."""
    assert parse("GetLoginInfo(QString)", [[value]])[1] == (expected,)


def test_the_conversions_are_those_of_pyqt() -> None:
    """The two tables above hold for the QVariant of the PyQt5 that is installed."""
    core = pytest.importorskip("PyQt5.QtCore")
    for value, expected in QVARIANT_INT:
        variant = core.QVariant(value)
        assert not variant.convert(core.QVariant.Int) or variant.value() == expected, value
    for value, expected_text in QVARIANT_TEXT:
        variant = core.QVariant(value)
        assert not variant.convert(core.QVariant.String) or variant.value() == expected_text, value


def test_without_a_declared_type_com_decides() -> None:
    """COM coerces decimals and refuses what is no number, naming the parameter."""
    assert parse("GetThemeGroupList", ["12.0"])[1] == (12,)
    with pytest.raises(WrongArguments, match=r"parameter 1 .nType.*GetThemeGroupList.int."):
        parse("GetThemeGroupList", ["abc"])


def test_too_few_arguments_are_empty_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A program that leaves arguments out goes on, and the log says what was taken for them, once."""
    spec = "KOA_Functions( QString )"
    with caplog.at_level(logging.WARNING, "kiwoom.control"):
        assert parse(spec, ["ShowAccountWindow"])[1] == ("ShowAccountWindow", "")
        assert parse(spec, ["ShowAccountWindow"])[1] == ("ShowAccountWindow", "")
    assert len(caplog.records) == 1
    assert "sParam" in caplog.text
    assert parse("GetLoginInfo(QString)")[1] == ("",)
    assert read("GetRepeatCnt()").remarks


def test_an_order_is_never_completed_by_guessing() -> None:
    """Only the original order number may be missing from an order."""
    order = ["주문", "0101", "8000000011", 1, "005930", 10, 71900, "00"]
    assert parse("SendOrder(QString)", [order])[1][-1] == ""
    with pytest.raises(WrongArguments, match="not completed by guessing"):
        parse("SendOrder(QString)", [order[:-1]])


def test_arguments_beyond_a_right_signature_are_dropped() -> None:
    """As QAxWidget does; measured on PyQt5's own over a COM control."""
    reading = read("GetLoginInfo(QString)", ["ACCNO", "USER_ID"])
    assert reading.arguments == ("ACCNO",)
    assert "dropped" in reading.remarks[0]


@pytest.mark.parametrize("spec", ["GetLoginInfo", "GetLoginInfo(QString, QString)"])
def test_too_many_arguments_for_another_signature_are_refused(spec: str) -> None:
    """As the control does: bad parameter count."""
    with pytest.raises(WrongArguments, match="takes 1 arguments, got 2"):
        parse(spec, ["ACCNO", "USER_ID"])
    assert parse(spec, ["ACCNO", None])[1] == ("ACCNO",)


def test_an_order_with_too_many_arguments_is_refused() -> None:
    """What stands too far right in an order may be a price: it is not guessed away."""
    order = ["주문", "0101", "8000000011", 1, "005930", 10, 71900, "00", "", "1"]
    with pytest.raises(WrongArguments, match="takes 9 arguments, got 10"):
        parse("SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)", [order])


def test_an_unknown_function_names_the_nearest() -> None:
    """A typo is an error that helps."""
    with pytest.raises(UnknownFunction, match=r"dynamicCall\('CommRqDat\(QString\)'\).*CommRqData"):
        parse("CommRqDat(QString)", ["a"])


def test_every_function_of_the_contract_is_called_by_its_signature() -> None:
    """The contract's own signature of each function is understood, with the values unchanged."""
    for called in FUNCTIONS.values():
        values = tuple(7 if a.kind == "long" else "값" for a in called.arguments)
        assert parse(called.signature, values) == (called, values)
        assert parse(called.signature, [list(values)]) == (called, values)
