"""
Write the test control's IDL and dispatch tables from the contract, so that there is one truth.

Usage: python generate.py OUTPUT_DIRECTORY. Makes `khopenapi.idl` (for widl: the embedded type library) and
`contract.h` (for the C++ source: names, argument kinds and result kinds by DispId).
"""

from __future__ import annotations

import sys
from pathlib import Path

from kiwoom.control.contract import EVENTS, FUNCTIONS, Argument

# Identity of the vendor's control (developer guide 1.5): what `setControl` and `CoCreateInstance` ask for.
PROG_ID = "KHOPENAPI.KHOpenAPICtrl.1"
CLSID = "A1574A0D-6BFA-4BD7-9020-DED88711818D"
DISPATCH_IID = "CF20FBB6-EDD4-4BE5-A473-FEF91977DEB6"
EVENTS_IID = "7335F12D-8973-4BD5-B7F0-12DF03D175B7"
LIBRARY_ID = "6D8C2B4D-EF41-4750-8AD4-C299033833FB"

_IDL_TYPES = {"str": "BSTR", "long": "long", "void": "void", "variant": "VARIANT"}
_RESULT_KINDS = {"str": "RESULT_TEXT", "long": "RESULT_LONG", "void": "RESULT_NONE", "variant": "RESULT_TABLE"}

# widl has no automation types of its own; in a type library only their names matter.
_IDL_PREAMBLE = """\
typedef wchar_t OLECHAR;
typedef [unique] OLECHAR *BSTR;
typedef struct tagVARIANT { long unused; } VARIANT;
interface IUnknown;
interface IDispatch;
"""


def _parameters(arguments: tuple[Argument, ...]) -> str:
    return ", ".join(f"{_IDL_TYPES[a.kind]} {a.com_name}" for a in arguments)


def idl() -> str:
    """The IDL of the library: the dispatch interface, the event interface and the class."""
    functions = "\n".join(
        f"      [id({f.dispid})] {_IDL_TYPES[f.returns]} {f.name}({_parameters(f.arguments)});"
        for f in FUNCTIONS.values()
    )
    events = "\n".join(f"      [id({e.dispid})] void {e.name}({_parameters(e.arguments)});" for e in EVENTS.values())
    return f"""\
{_IDL_PREAMBLE}
[uuid({LIBRARY_ID}), version(1.2), helpstring("Test control with the face of KHOpenAPI")]
library KHOpenAPILib
{{
  importlib("stdole2.tlb");

  [uuid({DISPATCH_IID})]
  dispinterface _DKHOpenAPI
  {{
    properties:
    methods:
{functions}
  }};

  [uuid({EVENTS_IID})]
  dispinterface _DKHOpenAPIEvents
  {{
    properties:
    methods:
{events}
  }};

  [uuid({CLSID}), control]
  coclass KHOpenAPI
  {{
    [default] dispinterface _DKHOpenAPI;
    [default, source] dispinterface _DKHOpenAPIEvents;
  }};
}};
"""


def _guid(text: str) -> str:
    first, second, third, fourth, fifth = text.split("-")
    tail = ", ".join(f"0x{(fourth + fifth)[i : i + 2]}" for i in range(0, 16, 2))
    return f"{{0x{first}, 0x{second}, 0x{third}, {{{tail}}}}}"


def header() -> str:
    """The C++ tables: functions and events by DispId, with argument kinds as a string of `s` and `l`."""

    def kinds(arguments: tuple[Argument, ...]) -> str:
        return "".join("l" if a.kind == "long" else "s" for a in arguments)

    functions = "\n".join(
        f'  {{L"{f.name}", "{kinds(f.arguments)}", {_RESULT_KINDS[f.returns]}}},' for f in FUNCTIONS.values()
    )
    events = "\n".join(f'  {{L"{e.name}", "{kinds(e.arguments)}"}},' for e in EVENTS.values())
    function_ids = "\n".join(f"  FN_{f.name} = {f.dispid}," for f in FUNCTIONS.values())
    event_ids = "\n".join(f"  EV_{e.name} = {e.dispid}," for e in EVENTS.values())
    return f"""\
// Made by generate.py from kiwoom.control.contract. Do not edit.
#pragma once
#include <windows.h>

#define PROG_ID L"{PROG_ID}"
#define CLSID_TEXT L"{{{CLSID}}}"
#define LIBRARY_TEXT L"{{{LIBRARY_ID}}}"
static const GUID CLSID_CONTROL = {_guid(CLSID)};
static const GUID DIID_DISPATCH = {_guid(DISPATCH_IID)};
static const GUID DIID_EVENTS = {_guid(EVENTS_IID)};

enum ResultKind {{ RESULT_NONE, RESULT_LONG, RESULT_TEXT, RESULT_TABLE }};
struct FunctionEntry {{ const wchar_t *name; const char *kinds; ResultKind result; }};
struct EventEntry {{ const wchar_t *name; const char *kinds; }};

enum FunctionId {{
{function_ids}
}};
enum EventId {{
{event_ids}
}};

static const FunctionEntry FUNCTIONS[] = {{
  {{nullptr, "", RESULT_NONE}},  // DispIds begin at 1
{functions}
}};
static const EventEntry EVENTS[] = {{
  {{nullptr, ""}},
{events}
}};
static const int FUNCTION_COUNT = {len(FUNCTIONS)};
static const int EVENT_COUNT = {len(EVENTS)};
"""


def main() -> None:
    """Write both files into the directory named on the command line."""
    output = Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    (output / "khopenapi.idl").write_text(idl(), encoding="utf-8")
    (output / "contract.h").write_text(header(), encoding="utf-8")


if __name__ == "__main__":
    main()
