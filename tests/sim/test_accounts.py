"""Account TRs: the captured formats, paging, and that they agree with each other and with the notices."""

from __future__ import annotations

import re

from tests.sim.driver import Driver

_INPUTS = {"비밀번호": "", "비밀번호입력매체구분": "00", "조회구분": "1"}


def accounts(driver: Driver) -> list[str]:
    return [number for number in str(driver.control.call("GetLoginInfo", "ACCNO")).split(";") if number]


def test_the_second_account_needs_a_second_page() -> None:
    driver = Driver()
    number = accounts(driver)[1]
    first = driver.ask("opw00018", 계좌번호=number, **_INPUTS)
    second = driver.ask("opw00018", 2, 계좌번호=number, **_INPUTS)
    assert (len(first.rows), first.prev_next) == (20, "2")
    assert (len(second.rows), second.prev_next) == (7, "")
    assert "계속조회시" in first.messages[0] and first.messages[0] != second.messages[0]
    codes = [row["종목번호"] for row in first.rows + second.rows]
    assert len(set(codes)) == 27 == int(first.single["조회건수"])


def test_opw00018_is_written_as_captured() -> None:
    """Widths and signs of the captured row of 2018-07: see the reference of formats in the module's source."""
    driver = Driver()
    answer = driver.ask("opw00018", 계좌번호=accounts(driver)[0], **_INPUTS)
    amount, rate, price = r"(\d{15}|-\d{14})", r"(\d{9}\.\d\d|-\d{8}\.\d\d)", r"\d{12}"
    for name, value in answer.single.items():
        pattern = r"\d{4}" if name == "조회건수" else rate if name == "총수익률(%)" else amount
        assert re.fullmatch(pattern, value), (name, value)
    shapes = {"수익률(%)": rate, "보유비중(%)": rate, "전일종가": price, "현재가": price, "종목번호": r"[AQ]\w{6}"}
    texts = {"종목명": r"\S.*\S", "신용구분": "00", "신용구분명": "", "대출일": ""}
    for row in answer.rows:
        for name, value in row.items():
            assert re.fullmatch((shapes | texts).get(name, amount), value), (name, value)


def test_the_rows_of_opw00018_add_up_by_the_captured_rules() -> None:
    driver = Driver()
    answer = driver.ask("opw00018", 계좌번호=accounts(driver)[0], **_INPUTS)
    rows = [{name: int(row[name]) for name in row if re.fullmatch(r"-?\d+", row[name])} for row in answer.rows]
    for row in rows:
        assert row["매입수수료"] == row["매입금액"] * 35 // 10_000 // 10 * 10
        assert row["평가금액"] == row["현재가"] * row["보유수량"]
        expected = row["평가금액"] - row["매입가"] * row["보유수량"] - row["수수료합"] - row["세금"]
        assert row["평가손익"] == expected
    costs = sum(row["수수료합"] + row["세금"] for row in rows)
    total = int(answer.single["총평가금액"]) - int(answer.single["총매입금액"]) - costs
    assert int(answer.single["총평가손익금액"]) == total


def test_deposits_are_padded_and_the_days_ahead_are_not() -> None:
    driver = Driver("cash=498613783&holdings=off")
    single = driver.ask("opw00001", 계좌번호=accounts(driver)[0], **_INPUTS).single
    assert single["주문가능금액"] == "000000498613783"
    assert single["20%종목주문가능금액"] == "000002493068915"
    assert single["40%종목주문가능금액"] == "000001246534457"
    assert single["신용담보비율"] == "000000000.00"
    assert single["d+1매도정산금"] == "0" and single["출력건수"] == "0"


def test_a_purchase_shows_in_every_account_tr() -> None:
    driver = Driver("at=2026-02-06 10:00&holdings=off")
    number = accounts(driver)[0]
    driver.control.call("SendOrder", "buy", "1001", number, 1, "005930", 3, 0, "03", "")
    driver.run(30)
    balance = driver.ask("opw00018", 계좌번호=number, **_INPUTS).rows
    assert [(row["종목번호"], int(row["보유수량"])) for row in balance] == [("A005930", 3)]
    cost = int(balance[0]["매입금액"])
    assert int(driver.ask("opw00005", 계좌번호=number, **_INPUTS).rows[0]["매입금액"]) == cost
    assert int(driver.ask("opt10085", 계좌번호=number).rows[0]["매입금액"]) == cost
    orders = driver.ask("opt10075", 계좌번호=number, 전체종목구분="0", 매매구분="0", 체결구분="2").rows
    assert [(row["주문상태"], row["미체결수량"], row["체결누계금액"]) for row in orders] == [("체결", "0", str(cost))]
    deposit = driver.ask("opw00001", 계좌번호=number, **_INPUTS).single
    fee = int(balance[0]["매입수수료"])
    assert int(deposit["d+2추정예수금"]) == 100_000_000 - cost - fee


def test_another_account_is_refused_in_words() -> None:
    answer = Driver().ask("opw00018", 계좌번호="1234567811", **_INPUTS)
    assert "계좌번호" in answer.messages[0] and not answer.rows


def test_the_same_seed_holds_the_same_shares() -> None:
    def held() -> list[str]:
        driver = Driver()
        return [row["종목번호"] for row in driver.ask("opw00018", 계좌번호=accounts(driver)[1], **_INPUTS).rows]

    assert held() == held()
