"""
However requests, pages and handlers that wait are nested: a wait ends when its own answer is complete, and not before.

Random programs: a request has pages; while a page is handled further requests may be made and waited for; real-time
events come in between, whose handlers ask and wait, too. Answers take different times, so that they arrive in any
order, also in the middle of waits for something else.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wrapper.scripted import ScriptedControl, pages

from kiwoom import Kiwoom


@dataclass
class Node:
    """A request: how long an answer takes, and for each page what is asked while it is handled."""

    latency_s: int
    pages: list[list[Node]]
    name: str = ""
    answered: bool = False


def nodes(depth: int) -> st.SearchStrategy[Node]:
    children = st.lists(nodes(depth - 1), max_size=2) if depth else st.just([])
    return st.builds(Node, st.integers(1, 9), st.lists(children, min_size=1, max_size=3))


def named(node: Node, found: list[Node]) -> None:
    node.name = f"r{len(found)}"
    found.append(node)
    for page in node.pages:
        for child in page:
            named(child, found)


@settings(max_examples=150, deadline=None)
@given(
    main=st.lists(nodes(2), min_size=1, max_size=3), real=st.lists(st.tuples(st.integers(0, 30), nodes(1)), max_size=3)
)
def test_a_wait_ends_with_its_own_answer(main: list[Node], real: list[tuple[int, Node]]) -> None:
    control = ScriptedControl()
    found: list[Node] = []
    for node in (*main, *(node for _, node in real)):
        named(node, found)
    by_name = {node.name: node for node in found}

    with Kiwoom(control) as api:

        def request(node: Node, prev_next: int = 0) -> None:
            control.latency_s = node.latency_s
            assert api.comm_rq_data(node.name, "opt10081", prev_next, "0101") == 0
            api.loop(timeout=10_000)

        def ask(node: Node) -> None:
            request(node)
            assert node.answered, f"the wait for {node.name} ended early"

        def slot(scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None:
            node = by_name[rq_name]
            page = int(api.get_comm_data(tr_code, rq_name, 0, "page"))
            for child in node.pages[page]:
                ask(child)
            assert api.get_comm_data(tr_code, rq_name, 0, "page") == str(page), "another event's data is read"
            if prev_next == "2":
                request(node, 2)
            else:
                node.answered = True
                api.unloop()

        for node in found:
            control.pages[node.name] = pages(*({"page": str(number)} for number in range(len(node.pages))))
            api.connect("on_receive_tr_data", slot=slot, key=node.name)
        pending = {node.name: node for _, node in real}
        api.connect("on_receive_real_data", slot=lambda code: ask(pending.pop(code)))
        for after_s, node in real:
            control.fire("OnReceiveRealData", node.name, "주식체결", "", after_s=after_s)

        for node in main:
            ask(node)
        api.run(until=lambda: not pending, timeout=10_000)
        assert all(node.answered for node in found)
        assert api._eventloop.waits == []
