"""The interface: it is the wire contract to the number, and what is made from it is up to date."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from kiwoom.wire import kiwoom_pb2, koapy_pb2
from kiwoom.wire.pool import POOL

ROOT = Path(__file__).resolve().parents[2]
MODULES = {"koapy": koapy_pb2, "kiwoom": kiwoom_pb2}
PACKAGE = "koapy.backend.kiwoom_open_api_plus.grpc"

# name: fields in the order of their numbers, "*" before the type of a repeated one
MESSAGES = {
    "Argument": "string_value string, long_value int64, bool_value bool",
    "ReturnValue": "string_value string, long_value int64, bool_value bool",
    "CallRequest": "name string, arguments *Argument",
    "CallResponse": "return_value ReturnValue",
    "ListenRequest": "id string, slots *string, code string, class_name string",
    "HandledRequest": "time float",
    "StopListenRequest": "time float",
    "BidirectionalListenRequest": "listen_request ListenRequest, handled_request HandledRequest, "
    "stop_listen_request StopListenRequest",
    "SingleData": "names *string, values *string",
    "RepeatedString": "values *string",
    "MultiData": "names *string, values *RepeatedString",
    "ListenResponse": "name string, arguments *Argument, single_data SingleData, multi_data MultiData",
    "CallAndListenRequest": "call_request CallRequest, listen_request ListenRequest",
    "CallAndListenResponse": "call_response CallResponse, listen_response ListenResponse",
    "LoginCredentials": "user_id string, user_password string, cert_password string, is_simulation bool, "
    "account_passwords *AccountPasswordsEntry",
    "LoginRequest": "credentials LoginCredentials",
    "RealRequestFlags": "infer_fids bool, readable_names bool, fast_parse bool",
    "RealRequest": "screen_no *string, code_list *string, fid_list *int32, opt_type string, flags RealRequestFlags",
    "TransactionStopCondition": "name string, value string, comparator TransactionStopConditionCompartor",
    "TransactionRequest": "request_name string, transaction_code string, screen_no string, inputs *InputsEntry, "
    "stop_condition TransactionStopCondition, flags RealRequestFlags",
    "OrderSubscriptionTarget": "RET bool, TR bool, REAL bool, MSG bool, CHEJAN bool",
    "OrderRequest": "request_name string, screen_no string, account_no string, order_type int64, code string, "
    "quantity int64, price int64, quote_type string, original_order_no string, target OrderSubscriptionTarget",
    "LoadConditionRequest": "",
    "ConditionRequestFlags": "with_info bool, is_future_option bool",
    "ConditionRequest": "screen_no string, condition_name string, condition_index int32, search_type int32, "
    "request_name string, flags ConditionRequestFlags",
    "SetLogLevelRequest": "level int32, logger string",
    "SetLogLevelResponse": "",
    "BidirectionalRealInitializeRequest": "fid_list *int32, flags RealRequestFlags",
    "BidirectionalRealRegisterRequest": "code_list *string, fid_list *int32",
    "BidirectionalRealRemoveRequest": "code_list *string",
    "BidirectionalRealStopRequest": "",
    "BidirectionalRealRequest": "initialize_request BidirectionalRealInitializeRequest, "
    "register_request BidirectionalRealRegisterRequest, remove_request BidirectionalRealRemoveRequest, "
    "stop_request BidirectionalRealStopRequest",
}

METHODS = """
Call CallRequest CallResponse
Listen ListenRequest *ListenResponse
BidirectionalListen *BidirectionalListenRequest *ListenResponse
LoginCall LoginRequest *ListenResponse
TransactionCall TransactionRequest *ListenResponse
OrderCall OrderRequest *ListenResponse
RealCall RealRequest *ListenResponse
LoadConditionCall LoadConditionRequest *ListenResponse
ConditionCall ConditionRequest *ListenResponse
BidirectionalRealCall *BidirectionalRealRequest *ListenResponse
OrderListen ListenRequest *ListenResponse
CustomListen ListenRequest *ListenResponse
CustomCallAndListen CallAndListenRequest *CallAndListenResponse
SetLogLevel SetLogLevelRequest SetLogLevelResponse
"""

FIELD = descriptor_pb2.FieldDescriptorProto
TYPES = {FIELD.TYPE_STRING: "string", FIELD.TYPE_INT64: "int64", FIELD.TYPE_INT32: "int32", FIELD.TYPE_BOOL: "bool"}
TYPES[FIELD.TYPE_FLOAT] = "float"


def compiled(name: str) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto()
    MODULES[name].DESCRIPTOR.CopyToProto(file)
    return file


def in_words(message: descriptor_pb2.DescriptorProto) -> str:
    words = []
    for number, field in enumerate(sorted(message.field, key=lambda f: f.number), start=1):
        assert field.number == number, f"{message.name}.{field.name}"
        repeated = "*" if field.label == FIELD.LABEL_REPEATED else ""
        words.append(f"{field.name} {repeated}{TYPES.get(field.type) or field.type_name.rpartition('.')[2]}")
    return ", ".join(words)


def test_the_messages_have_the_fields_and_numbers_of_the_wire_contract() -> None:
    found = {message.name: in_words(message) for message in compiled("koapy").message_type}
    assert found == MESSAGES


def test_what_is_one_of_several_on_the_wire_is_a_oneof_of_that_name() -> None:
    oneofs = {m.name: [o.name for o in m.oneof_decl] for m in compiled("koapy").message_type if m.oneof_decl}
    assert oneofs == {
        "Argument": ["value"],
        "ReturnValue": ["value"],
        "BidirectionalListenRequest": ["request"],
        "CallAndListenResponse": ["response"],
        "BidirectionalRealRequest": ["request"],
    }


def test_the_service_has_the_methods_of_the_wire_contract_under_its_full_name() -> None:
    service = POOL.FindServiceByName(f"{PACKAGE}.KiwoomOpenApiPlusService")
    proto = descriptor_pb2.ServiceDescriptorProto()
    service.CopyToProto(proto)
    found = []
    for method in proto.method:
        sent = ("*" if method.client_streaming else "") + method.input_type.removeprefix(f".{PACKAGE}.")
        got = ("*" if method.server_streaming else "") + method.output_type.removeprefix(f".{PACKAGE}.")
        found.append(f"{method.name} {sent} {got}")
    assert found == METHODS.split("\n")[1:-1]


def test_the_comparators_count_as_the_contract_does_and_keep_its_spelling() -> None:
    enum = compiled("koapy").enum_type[0]
    assert enum.name == "TransactionStopConditionCompartor"
    assert [v.name for v in enum.value] == [
        "LESS_THAN_OR_EQUAL_TO",
        "LESS_THAN",
        "GREATER_THAN_OR_EQUAL_TO",
        "GREATER_THAN",
        "EQUAL_TO",
        "NOT_EQUAL_TO",
    ]
    assert [v.number for v in enum.value] == list(range(6))


@pytest.mark.parametrize("name", MODULES)
def test_the_classes_are_made_from_the_interface_as_it_stands(name: str) -> None:
    source = ROOT / "src" / "kiwoom" / "wire" / f"{name}.proto"
    text = source.read_text("utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == MODULES[name].SHA256, "run scripts/make_proto.py"
    assert (ROOT / "proto" / source.name).read_text("utf-8") == text, "run scripts/make_proto.py"


@pytest.mark.parametrize("name", MODULES)
def test_compiling_the_interface_again_gives_the_same_classes(name: str) -> None:
    pytest.importorskip("grpc_tools")
    spec = importlib.util.spec_from_file_location("make_proto", ROOT / "scripts" / "make_proto.py")
    assert spec is not None and spec.loader is not None
    make_proto = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_proto)
    serialized, _ = make_proto.compile_proto(name)
    assert descriptor_pb2.FileDescriptorProto.FromString(serialized) == compiled(name)


def test_the_classes_keep_out_of_the_default_pool_so_that_koapy_can_be_loaded_beside_them() -> None:
    from google.protobuf import descriptor_pool

    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName(f"{PACKAGE}.CallRequest")
