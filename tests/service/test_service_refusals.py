"""Every refusal of the service stands in its table, and the table has nothing that the code does not refuse."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.service.conftest import Served, Stub

import kiwoom.service
from kiwoom.service.base.refusals import REFUSALS
from kiwoom.wire import koapy_pb2 as pb

SERVICE = Path(kiwoom.service.__file__).parent
MAKERS = {"End", "Status", "WrongArguments", "UnknownFunction", "_refuse"}
# They make a status of an exception or of a message of the server.
HAND_ON = {
    "base.status.End.__init__",
    "base.status.status_of",
    "rpc.calls._refuse",
    "rpc.custom.Observer.on_error",
    "prometheus._guarded.answer",
    "rpc.inquiry.error_in_message",
    "server.Server._wind_up",
    "shared.core.status_for",
    "shared.registrar.RealData.fail",
}


def makers(node: ast.AST, names: tuple[str, ...]) -> Iterator[str]:
    """The functions that make a refusal, by their dotted names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from makers(child, (*names, child.name))
            continue
        if isinstance(child, ast.Call):
            called = child.func.id if isinstance(child.func, ast.Name) else getattr(child.func, "attr", "")
            if called in MAKERS:
                yield ".".join(names)
        yield from makers(child, names)


def refused() -> set[str]:
    found: set[str] = set()
    for path in SERVICE.rglob("*.py"):
        module = ".".join(path.relative_to(SERVICE).with_suffix("").parts)
        found |= {f"{module}.{name}" for name in makers(ast.parse(path.read_text("utf-8")), ())}
    return found - HAND_ON


def test_the_table_is_the_code() -> None:
    assert {refusal.where for refusal in REFUSALS} == refused()


def test_a_refusal_has_a_status_and_a_source() -> None:
    for refusal in REFUSALS:
        assert refusal.status in grpc.StatusCode.__members__
        assert refusal.situation and refusal.source


@pytest.mark.parametrize("screen_no", ["0000", "0", "", "12345", "7", "abcd"])
def test_odd_screen_numbers_are_taken(served: Served, stub: Stub, screen_no: str) -> None:
    """breadum/kiwoom issue 16 has a log of the real server that answers on 0000."""
    from tests.service.scripted_control import Page

    served.control.pages["opt10001"] = [Page(single={"종목명": "삼성전자"})]
    request = pb.TransactionRequest(transaction_code="opt10001", screen_no=screen_no, request_name="rq")
    (answer,) = list(stub.TransactionCall(request, timeout=10))
    shown = answer.arguments[0].string_value
    assert shown == (screen_no or served.control.called("CommRqData")[0][3])
    stream = stub.RealCall(pb.RealRequest(code_list=["005930"], fid_list=[10], screen_no=[screen_no]), timeout=10)
    stream.initial_metadata()
    stream.cancel()
    served.nothing_left()


def test_advice_is_not_a_refusal(served: Served, stub: Stub) -> None:
    """Codes joined by ";", FIDs that are none, any opt_type: KOAPY's service hands all of them to SetRealReg."""
    for request in (
        pb.RealRequest(code_list=["005930;000660", " 035420 "], fid_list=[0, -1, 10], opt_type="2"),
        pb.RealRequest(fid_list=[10]),
    ):
        stream = stub.RealCall(request, timeout=10)
        stream.initial_metadata()
        stream.cancel()
    served.nothing_left()
    codes = [code for call in served.control.called("SetRealReg") for code in str(call[1]).split(";")]
    assert codes == ["005930", "000660", "035420"]
