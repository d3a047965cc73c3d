"""The link is cut again and again: what is registered, watched and told afterwards is what was asked for, once."""

from __future__ import annotations

import itertools
import random

import pytest
from tests.sim.driver import Driver
from tests.sim.soak.books import Books, Sent

from kiwoom.sim.server.conditions import Conditions
from kiwoom.sim.server.realtime import Registrations

CODES = ["005930", "000660", "035420", "035720", "068270", "005380", "051910", "247540"]


@pytest.mark.slow
def test_a_thousand_cut_links() -> None:
    """At any moment, with or without a word, with answers and orders on their way."""
    driver = Driver("at=2026-02-06 09:30&seed=3&limits=off&density=0.3")
    control, rng = driver.control, random.Random(1)
    control.call("GetConditionLoad")
    driver.wait("OnReceiveConditionVer")
    for _ in range(1000):
        driver.run(rng.choice((0.0, 0.01, 0.05, 0.2, 1.0)))
        control.faults.disconnect(notice=rng.random() < 0.5)
        assert control.part(Registrations).counts() == {} and control.part(Conditions).watched == []
        driver.run(0.001)
        driver.login()
        wished = {str(3000 + screen): rng.sample(CODES, rng.randrange(1, 4)) for screen in range(rng.randrange(1, 4))}
        for screen, codes in wished.items():
            assert control.call("SetRealReg", screen, ";".join(codes), "10", "0") == 0
        control.call("SetInputValue", "종목코드", "005930")
        control.call("CommRqData", "on its way", "opt10001", 0, "0101")
        control.call("SendOrder", "on its way", "0102", "8000000011", 1, "005930", 1, 0, "03", "")
    driver.run(2)
    counts = control.part(Registrations).counts()
    assert counts.pop("0101") == 1, "the last TR has registered its code"
    assert counts == {screen: len(codes) for screen, codes in wished.items()}
    driver.events.clear()
    driver.run(300)
    coming = {str(arguments[0]) for arguments in driver.named("OnReceiveRealData")}
    assert coming <= {code for codes in wished.values() for code in codes} | {"005930"} and coming
    driver.events.clear()
    control.call("SendOrder", "last", "0102", "8000000011", 1, "000660", 1, 0, "03", "")
    driver.wait("OnReceiveChejanData", 3)
    driver.run(30)
    assert len(driver.named("OnReceiveChejanData")) == 3, "each notice comes once, after a thousand logins"
    assert control.engine.count < 1200 and len(control.screens.used) < 10
    control.broker.desk.ledger.check()


KINDS = ("OnReceiveMsg", "OnReceiveTrData", "OnReceiveChejanData")


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS)), ids=lambda kinds: "-".join(k[9:] for k in kinds))
@pytest.mark.parametrize("case", ["filled", "refused", "cancelled"])
def test_every_order_of_answer_message_and_notices(case: str, order: tuple[str, ...]) -> None:
    """Delayed into each order, every event still carries its own data, and a program's books end the same."""
    driver = Driver("at=2026-02-06 10:00&seed=3&limits=off&holdings=off")
    control = driver.control
    books = Books()
    fids = (9203, 9001, 902, 903, 911, 913, 920, 938, 939)

    def noticed(gubun: str, *_rest: object) -> None:
        if gubun == "0":
            books.noticed({fid: str(control.call("GetChejanData", fid)) for fid in fids})

    def answered(_screen: str, rq_name: str, tr_code: str, *_rest: object) -> None:
        books.answered(rq_name, str(control.call("GetCommData", tr_code, "", 0, "주문번호")))

    control.subscribe("OnReceiveChejanData", noticed)
    control.subscribe("OnReceiveTrData", answered)

    def send(kind: int, quantity: int, price: int, original: str = "") -> Sent:
        sent = Sent(
            f"order{len(books.orders)}", f"{4000 + len(books.orders)}", kind, "005930", quantity, price, "00", original,
            control.clock.now_us(), books.highest,
        )  # fmt: skip
        books.add(sent)
        arguments = (sent.rq_name, sent.screen, "8000000011", kind, "005930", quantity, price, "00", original)
        driver.events.clear()
        assert control.call("SendOrder", *arguments) == 0
        driver.run(60)
        return sent

    live = control.broker.market.live(control.broker.market.find("005930"))  # type: ignore[arg-type]
    faults = [control.faults.delayed(kind, seconds=1 + 10 * place) for place, kind in enumerate(order)]
    if case == "filled":
        sent = send(1, 10, live.upper)
    elif case == "refused":
        sent = send(1, 10, live.upper + 7)
    else:
        sent = send(1, 10, live.lower)
        first = [kind for kind, _ in itertools.groupby(name for name, _ in driver.events if name in KINDS)]
        assert first == list(order)
        assert send(3, 10, 0, sent.number).ends == ["confirmed"]
    assert [fault.struck > 0 for fault in faults] == [kind != KINDS[2] or case != "refused" for kind in order]
    came = [kind for kind, _ in itertools.groupby(name for name, _ in driver.events if name in KINDS)]
    assert came == [kind for kind in order if kind != KINDS[2] or case != "refused"]
    assert sent.ends == [case] and books.strangers == []
    taken = control.broker.desk.ledger.accounts["8000000011"].orders
    if case == "refused":
        assert not taken and sent.number == ""
    else:
        mine = taken[sent.number]
        assert (sent.filled, sent.amount, sent.fee) == (mine.filled, mine.amount, mine.fee)
