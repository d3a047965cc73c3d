"""One table: every function and event of the contract is on `API`, named, documented, and reaches the control."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
from tests.wrapper.scripted import ScriptedControl

from kiwoom import API, Kiwoom
from kiwoom.control.contract import EVENTS, FUNCTIONS, KOA_FUNCTIONS, Event, Function, KoaFunction


@pytest.fixture(params=[API, Kiwoom])
def api(request: pytest.FixtureRequest) -> Iterator[API]:
    with request.param(ScriptedControl()) as made:
        yield made


def control_of(api: API) -> ScriptedControl:
    assert isinstance(api.control, ScriptedControl)
    return api.control


def value_of(kind: str, number: int) -> object:
    """Numbers as digits in a string and text as a number: the types must be put right on the way."""
    return str(number) if kind == "long" else number


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda f: f.name)
def test_every_function_is_there_and_reaches_the_control(api: API, function: Function) -> None:
    method = getattr(api, function.python_name)
    parameters = inspect.signature(method).parameters
    assert list(parameters) == [argument.name for argument in function.arguments]
    for argument in function.arguments:
        annotation = parameters[argument.name].annotation
        assert annotation == ("Number" if argument.kind == "long" else "str"), argument.name
    returns = {"str": "str", "long": "int", "void": "None", "variant": "list[list[str]]"}[function.returns]
    assert inspect.signature(method).return_annotation == returns
    assert len(inspect.getdoc(method) or "") > 60
    assert inspect.getdoc(getattr(api, function.name)) == inspect.getdoc(method)

    control = control_of(api)
    given = {a.name: value_of(a.kind, n) for n, a in enumerate(function.arguments, start=1)}
    expected = tuple(n if a.kind == "long" else str(n) for n, a in enumerate(function.arguments, start=1))
    by_position = tuple(given.values())
    signature = function.signature
    calls = (
        lambda: method(**given),
        lambda: method(*by_position),
        lambda: getattr(api, function.name)(*by_position),
        lambda: api.dynamicCall(signature, *by_position),
        lambda: api.dynamicCall(signature, list(by_position)),
    )
    control.answers[function.name] = 1 if function.returns == "long" else None
    for call in calls:
        control.calls.clear()
        call()
        assert control.calls == [(function.name, expected)]
        for value, argument in zip(control.calls[0][1], function.arguments, strict=True):
            assert type(value) is (int if argument.kind == "long" else str)


@pytest.mark.parametrize("function", KOA_FUNCTIONS.values(), ids=lambda f: f.name)
def test_every_sub_function_is_a_method_of_its_own(api: API, function: KoaFunction) -> None:
    method = getattr(api, function.python_name)
    assert list(inspect.signature(method).parameters) == ([function.parameter] if function.parameter else [])
    assert len(inspect.getdoc(method) or "") > 60
    control = control_of(api)
    arguments = ("005930",) if function.parameter else ()
    for call in (method, getattr(api, function.name)):
        control.calls.clear()
        call(*arguments)
        assert control.calls == [("KOA_Functions", (function.name, *(arguments or ("",))))]


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda e: e.name)
@pytest.mark.parametrize("base", [API, Kiwoom])
def test_every_event_comes_to_a_handler_and_to_slots(base: type[API], event: Event) -> None:
    handler = getattr(base, event.python_name)
    parameters = list(inspect.signature(handler).parameters)
    named = [argument.name for argument in event.arguments[: event.python_count]]
    rest = ["args"] if event.python_count < len(event.arguments) else []
    assert parameters == ["self", *named, *rest]
    assert len(inspect.getdoc(handler) or inspect.getdoc(getattr(API, event.python_name)) or "") > 60

    received: list[tuple[object, ...]] = []
    overridden = {event.python_name: lambda self, *args: received.append(args)}
    control = ScriptedControl()
    with type("Mine", (base,), overridden)(control) as api:
        first: list[object] = []
        getattr(api, event.name).connect(lambda *args: received.append(args))
        getattr(api, event.name).connect(first.append)
        values = tuple(n if a.kind == "long" else str(n) for n, a in enumerate(event.arguments, start=1))
        control.fire(event.name, *values)
        api.run(timeout=1)
        assert received == [values, values]
        assert len(first) == 1
        getattr(api, event.name).disconnect()
        control.fire(event.name, *values)
        api.run(timeout=1)
        assert len(received) == 3


def test_the_pascal_case_name_follows_an_override() -> None:
    class Mine(API):
        def comm_rq_data(self, rq_name: str, tr_code: str, prev_next: int | str, scr_no: str) -> int:
            return super().comm_rq_data(f"my {rq_name}", tr_code, prev_next, scr_no)

    with Mine(ScriptedControl()) as api:
        api.CommRqData("info", "opt10001", 0, "0101")
        assert control_of(api).calls == [("CommRqData", ("my info", "opt10001", 0, "0101"))]
