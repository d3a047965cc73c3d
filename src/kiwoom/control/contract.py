"""
The contract of the control: every dispatch function and event, with its arguments.

This table is the only place where names, argument order and types are written down. The methods of `API`, the
signatures that `api_arg_spec` shows, the strings of `dynamicCall`, the argument conversion of the gRPC service and
the tables of the documentation are made from it or tested against it.

Source: type library of `KHOPENAPI.KHOpenAPICtrl.1` (DispIds 1-58 and 1-9) and the developer guide 1.5. The Python
names and Python argument names are those that users of the predecessor `breadum/kiwoom` know.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Literal, NoReturn

from kiwoom.errors import UnknownEvent, UnknownFunction, WrongArguments

__all__ = [
    "EVENTS",
    "FUNCTIONS",
    "KOA_FUNCTIONS",
    "ONE_IS_GOOD",
    "Argument",
    "Event",
    "Function",
    "KoaFunction",
    "Value",
    "convert_arguments",
    "event",
    "failure",
    "function",
    "nearest",
    "nothing",
]

log = logging.getLogger("kiwoom.control")

Kind = Literal["str", "long"]
Returns = Literal["str", "long", "void", "variant"]

Value = str | int | list[list[str]] | None
"""What a dispatch function returns: text, a 32-bit number, nothing, or (GetCommDataEx) a table of text."""


@dataclass(frozen=True)
class Argument:
    """One argument: its name in the type library, its Python name, and its type."""

    com_name: str
    name: str
    kind: Kind

    @property
    def qt_type(self) -> str:
        """Type name as it stands in a `dynamicCall` signature."""
        return "int" if self.kind == "long" else "QString"


class _Callable:
    """The common part of functions and events: names and an argument list."""

    name: str
    python_name: str
    arguments: tuple[Argument, ...]

    @property
    def signature(self) -> str:
        """The Qt signature, e.g. ``GetCommData(QString, QString, int, QString)``."""
        return f"{self.name}({', '.join(a.qt_type for a in self.arguments)})"

    @property
    def python_signature(self) -> str:
        """The Python signature, e.g. ``get_comm_data(tr_code, rq_name, index, item_name)``."""
        return f"{self.python_name}({', '.join(a.name for a in self.arguments)})"


@dataclass(frozen=True)
class Function(_Callable):
    """A dispatch function. `code` says that a negative result is an error code."""

    dispid: int
    name: str
    python_name: str
    arguments: tuple[Argument, ...]
    returns: Returns
    code: bool = False

    @cached_property
    def types(self) -> tuple[type, ...]:
        """The Python types of the arguments."""
        return tuple(int if argument.kind == "long" else str for argument in self.arguments)


@dataclass(frozen=True)
class Event(_Callable):
    """An event of the control. `python_count` arguments are handed to a Python handler by name, the rest as `*args`."""

    dispid: int
    name: str
    python_name: str
    arguments: tuple[Argument, ...]
    python_count: int


@dataclass(frozen=True)
class KoaFunction:
    """A sub-function of `KOA_Functions`: its name, its Python name, and the name of its one parameter ("" if none)."""

    name: str
    python_name: str
    parameter: str


def _arguments(spec: str) -> tuple[Argument, ...]:
    """Read "sTrCode>tr_code nIndex>index:long" into arguments."""
    result = []
    for word in spec.split():
        names, _, kind = word.partition(":")
        com_name, _, name = names.partition(">")
        result.append(Argument(com_name, name, "long" if kind == "long" else "str"))
    return tuple(result)


def _functions() -> Iterable[Function]:
    # number, name, Python name, arguments, result; "code" marks results that are return codes
    table: Sequence[tuple[str, str, str, str]] = (
        ("CommConnect", "comm_connect", "", "code"),
        ("CommTerminate", "comm_terminate", "", "void"),
        ("CommRqData", "comm_rq_data",
         "sRQName>rq_name sTrCode>tr_code nPrevNext>prev_next:long sScreenNo>scr_no", "code"),
        ("GetLoginInfo", "get_login_info", "sTag>tag", "str"),
        ("SendOrder", "send_order",
         "sRQName>rq_name sScreenNo>scr_no sAccNo>acc_no nOrderType>ord_type:long sCode>code nQty>qty:long "
         "nPrice>price:long sHogaGb>hoga_gb sOrgOrderNo>org_order_no", "code"),
        ("SendOrderFO", "send_order_fo",
         "sRQName>rq_name sScreenNo>scr_no sAccNo>acc_no sCode>code lOrdKind>ord_kind:long sSlbyTp>sl_by_tp "
         "sOrdTp>ord_tp lQty>qty:long sPrice>price sOrgOrdNo>org_ord_no", "code"),
        ("SetInputValue", "set_input_value", "sID>id sValue>value", "void"),
        ("SetOutputFID", "set_output_fid", "sID>id", "long"),
        ("CommGetData", "comm_get_data",
         "sJongmokCode>code sRealType>real_type sFieldName>field_name nIndex>index:long "
         "sInnerFieldName>inner_field_name", "str"),
        ("DisconnectRealData", "disconnect_real_data", "sScnNo>scr_no", "void"),
        ("GetRepeatCnt", "get_repeat_cnt", "sTrCode>tr_code sRecordName>rq_name", "long"),
        ("CommKwRqData", "comm_kw_rq_data",
         "sArrCode>arr_code bNext>next:long nCodeCount>code_cnt:long nTypeFlag>type_flag:long sRQName>rq_name "
         "sScreenNo>scr_no", "code"),
        ("GetAPIModulePath", "get_api_module_path", "", "str"),
        ("GetCodeListByMarket", "get_code_list_by_market", "sMarket>market", "str"),
        ("GetConnectState", "get_connect_state", "", "long"),
        ("GetMasterCodeName", "get_master_code_name", "sTrCode>code", "str"),
        ("GetMasterListedStockCnt", "get_master_listed_stock_cnt", "sTrCode>code", "long"),
        ("GetMasterConstruction", "get_master_construction", "sTrCode>code", "str"),
        ("GetMasterListedStockDate", "get_master_listed_stock_date", "sTrCode>code", "str"),
        ("GetMasterLastPrice", "get_master_last_price", "sTrCode>code", "str"),
        ("GetMasterStockState", "get_master_stock_state", "sTrCode>code", "str"),
        ("GetDataCount", "get_data_count", "strRecordName>record_name", "long"),
        ("GetOutputValue", "get_output_value",
         "strRecordName>record_name nRepeatIdx>repeat_idx:long nItemIdx>item_idx:long", "str"),
        ("GetCommData", "get_comm_data",
         "strTrCode>tr_code strRecordName>rq_name nIndex>index:long strItemName>item_name", "str"),
        ("GetCommRealData", "get_comm_real_data", "sTrCode>code nFid>fid:long", "str"),
        ("GetChejanData", "get_chejan_data", "nFid>fid:long", "str"),
        ("GetThemeGroupList", "get_theme_group_list", "nType>type:long", "str"),
        ("GetThemeGroupCode", "get_theme_group_code", "strThemeCode>theme_code", "str"),
        ("GetFutureList", "get_future_list", "", "str"),
        ("GetFutureCodeByIndex", "get_future_code_by_index", "nIndex>index:long", "str"),
        ("GetActPriceList", "get_act_price_list", "", "str"),
        ("GetMonthList", "get_month_list", "", "str"),
        ("GetOptionCode", "get_option_code", "strActPrice>act_price nCp>cp:long strMonth>month", "str"),
        ("GetOptionCodeByMonth", "get_option_code_by_month", "sTrCode>code nCp>cp:long strMonth>month", "str"),
        ("GetOptionCodeByActPrice", "get_option_code_by_act_price", "sTrCode>code nCp>cp:long nTick>tick:long", "str"),
        ("GetSFutureList", "get_sfuture_list", "strBaseAssetCode>base_code", "str"),
        ("GetSFutureCodeByIndex", "get_sfuture_code_by_index", "strBaseAssetCode>base_code nIndex>index:long", "str"),
        ("GetSActPriceList", "get_sact_price_list", "strBaseAssetGb>base_gb", "str"),
        ("GetSMonthList", "get_smonth_list", "strBaseAssetGb>base_gb", "str"),
        ("GetSOptionCode", "get_soption_code",
         "strBaseAssetGb>base_gb strActPrice>act_price nCp>cp:long strMonth>month", "str"),
        ("GetSOptionCodeByMonth", "get_soption_code_by_month",
         "strBaseAssetGb>base_gb sTrCode>code nCp>cp:long strMonth>month", "str"),
        ("GetSOptionCodeByActPrice", "get_soption_code_by_act_price",
         "strBaseAssetGb>base_gb sTrCode>code nCp>cp:long nTick>tick:long", "str"),
        ("GetSFOBasisAssetList", "get_sfobasis_asset_list", "", "str"),
        ("GetOptionATM", "get_option_atm", "", "str"),
        ("GetSOptionATM", "get_soption_atm", "strBaseAssetGb>base_gb", "str"),
        ("GetBranchCodeName", "get_branch_code_name", "", "str"),
        ("CommInvestRqData", "comm_invest_rq_data", "sMarketGb>market_gb sRQName>rq_name sScreenNo>scr_no", "code"),
        ("SendOrderCredit", "send_order_credit",
         "sRQName>rq_name sScreenNo>scr_no sAccNo>acc_no nOrderType>order_type:long sCode>code nQty>qty:long "
         "nPrice>price:long sHogaGb>hoga_gb sCreditGb>credit_gb sLoanDate>loan_date sOrgOrderNo>org_order_no", "code"),
        ("KOA_Functions", "koa_functions", "sFunctionName>func_name sParam>param", "str"),
        ("SetInfoData", "set_info_data", "sInfoData>info_data", "code"),
        ("SetRealReg", "set_real_reg",
         "strScreenNo>scr_no strCodeList>code_list strFidList>fid_list strOptType>opt_type", "code"),
        ("GetConditionLoad", "get_condition_load", "", "code"),
        ("GetConditionNameList", "get_condition_name_list", "", "str"),
        ("SendCondition", "send_condition",
         "strScrNo>scr_no strConditionName>cond_name nIndex>index:long nSearch>search:long", "code"),
        ("SendConditionStop", "send_condition_stop", "strScrNo>scr_no strConditionName>cond_name nIndex>index:long",
         "void"),
        ("GetCommDataEx", "get_comm_data_ex", "strTrCode>tr_code strRecordName>rq_name", "variant"),
        ("SetRealRemove", "set_real_remove", "strScrNo>scr_no strDelCode>del_code", "void"),
        ("GetMarketType", "get_market_type", "sTrCode>code", "long"),
    )  # fmt: skip
    for dispid, (name, python_name, arguments, returns) in enumerate(table, start=1):
        code = returns == "code"
        kind: Returns = "long" if code else returns  # type: ignore[assignment]  # the table holds only Returns
        yield Function(dispid, name, python_name, _arguments(arguments), kind, code)


def _events() -> Iterable[Event]:
    table: Sequence[tuple[str, str, str, int | None]] = (
        ("OnReceiveTrData", "on_receive_tr_data",
         "sScrNo>scr_no sRQName>rq_name sTrCode>tr_code sRecordName>record_name sPrevNext>prev_next "
         "nDataLength>data_length:long sErrorCode>error_code sMessage>message sSplmMsg>splm_msg", 5),
        ("OnReceiveRealData", "on_receive_real_data",
         "sRealKey>code sRealType>real_type sRealData>real_data", None),
        ("OnReceiveMsg", "on_receive_msg", "sScrNo>scr_no sRQName>rq_name sTrCode>tr_code sMsg>msg", None),
        ("OnReceiveChejanData", "on_receive_chejan_data",
         "sGubun>gubun nItemCnt>item_cnt:long sFIdList>fid_list", None),
        ("OnEventConnect", "on_event_connect", "nErrCode>err_code:long", None),
        ("OnReceiveInvestRealData", "on_receive_invest_real_data", "sRealKey>real_key", None),
        ("OnReceiveRealCondition", "on_receive_real_condition",
         "sTrCode>code strType>type strConditionName>condition_name strConditionIndex>condition_index", None),
        ("OnReceiveTrCondition", "on_receive_tr_condition",
         "sScrNo>scr_no strCodeList>code_list strConditionName>condition_name nIndex>index:long nNext>next:long",
         None),
        ("OnReceiveConditionVer", "on_receive_condition_ver", "lRet>ret:long sMsg>msg", None),
    )  # fmt: skip
    for dispid, (name, python_name, arguments, count) in enumerate(table, start=1):
        parsed = _arguments(arguments)
        yield Event(dispid, name, python_name, parsed, len(parsed) if count is None else count)


FUNCTIONS: dict[str, Function] = {f.name: f for f in _functions()}
"""The 58 dispatch functions by their name in the type library, in the order of their DispId."""

EVENTS: dict[str, Event] = {e.name: e for e in _events()}
"""The 9 events by their name in the type library, in the order of their DispId."""

KOA_FUNCTIONS: dict[str, KoaFunction] = {
    k.name: k
    for k in (
        KoaFunction("ShowAccountWindow", "show_account_window", ""),
        KoaFunction("GetServerGubun", "get_server_gubun", ""),
        KoaFunction("GetMasterStockInfo", "get_master_stock_info", "code"),
        KoaFunction("SetConditionSearchFlag", "set_condition_search_flag", "flag"),
        KoaFunction("GetUpjongCode", "get_upjong_code", "market"),
        KoaFunction("GetUpjongNameByCode", "get_upjong_name_by_code", "sector"),
        KoaFunction("IsOrderWarningETF", "is_order_warning_etf", "code"),
        KoaFunction("IsOrderWarningStock", "is_order_warning_stock", "code"),
        KoaFunction("GetMasterListedStockCntEx", "get_master_listed_stock_cnt_ex", "code"),
        KoaFunction("GetStockMarketKind", "get_stock_market_kind", "code"),
    )
}
"""The sub-functions of `KOA_Functions`, by name."""

ONE_IS_GOOD = frozenset({"GetConditionLoad", "SendCondition"})
"""The functions that give 1 for success and 0 for failure; the others that return a code give 0 and a negative number.

Source: developer guide 1.5, conditions."""

# What the OCX gives outside of an event: GetRepeatCnt 0 (captured), text "" as clients report.
_NOTHING: dict[Returns, Value] = {"long": 0, "str": "", "void": None, "variant": None}

# Three spellings in one table: a call is looked up tens of thousands of times a second.
_FUNCTION_KEYS = {k: f for f in FUNCTIONS.values() for k in (f.name, f.python_name, f.name.lower())}
_EVENT_KEYS = {k: e for e in EVENTS.values() for k in (e.name, e.python_name, e.name.lower())}


def nearest(name: str, names: Iterable[str]) -> str:
    """Give " Did you mean 'x'?" for the likeliest of `names`, or "" if none is near."""
    candidates = list(names)
    # Cut to 40: the time of difflib grows with the square of the length, and a name may be a pasted text.
    matches = get_close_matches(name[:40], candidates, n=1, cutoff=0.4)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def function(name: str) -> Function:
    """
    Find a dispatch function by its COM name (any case, as COM ignores it) or its Python name.

    Raises UnknownFunction with the nearest valid name.
    """
    found = _FUNCTION_KEYS.get(name) or _FUNCTION_KEYS.get(name.lower())
    if found is None:
        names = [f.python_name for f in FUNCTIONS.values()] if name[:1].islower() else list(FUNCTIONS)
        raise UnknownFunction(f"The control has no function {name!r}.{nearest(name, names)}")
    return found


def nothing(name: str) -> Value:
    """The empty result of a function (COM name): 0, "" or None by the contract's type."""
    return _NOTHING[FUNCTIONS[name].returns]


def failure(name: str, code: int) -> Value:
    """
    The result of a function (COM name) that fails with `code` (negative).

    Functions that return no code, and those in `ONE_IS_GOOD`, return `nothing`.
    """
    # GetConditionLoad and SendCondition say 0 for any failure: a negative number would look like success to `if`.
    return code if FUNCTIONS[name].code and name not in ONE_IS_GOOD else nothing(name)


def event(name: str) -> Event:
    """
    Find an event by its COM name (any case) or its Python name.

    Raises UnknownEvent with the nearest valid name.
    """
    found = _EVENT_KEYS.get(name) or _EVENT_KEYS.get(name.lower())
    if found is None:
        names = [e.python_name for e in EVENTS.values()] if name[:1].islower() else list(EVENTS)
        raise UnknownEvent(f"The control has no event {name!r}.{nearest(name, names)}")
    return found


def convert_arguments(called: Function, arguments: Sequence[object]) -> tuple[str | int, ...]:
    """
    Turn Python arguments into the control's types: text for `str`, an `int` for `long`.

    A `long` is accepted as an int, a bool, or digits in a string (``prev_next='2'``); text is accepted from
    anything but None. A FID that is no number is 0, which answers "". Raises WrongArguments, naming the right
    signature, for a wrong number or a wrong type.
    """
    if len(arguments) != len(called.arguments):
        _refuse(called, f"takes {len(called.arguments)} arguments, got {len(arguments)}")
    # `type` and not isinstance: True must still become 1, and a str subclass plain text, before they go on.
    if tuple(map(type, arguments)) == called.types:
        return tuple(arguments)  # type: ignore[arg-type]  # just looked
    converted: list[str | int] = []
    for spec, value in zip(called.arguments, arguments, strict=True):
        if spec.kind == "long":
            if type(value) is int:
                converted.append(value)
                continue
            try:
                converted.append(int(value))  # type: ignore[call-overload]  # what int() refuses is refused here
            except (TypeError, ValueError):
                # Qt makes 0 of such text, and a tutorial of breadum/kiwoom reads the list of FIDs letter by letter.
                if spec.name == "fid" and isinstance(value, str):
                    log.info("%s: %r is no FID; the answer is empty", called.python_name, value)
                    converted.append(0)
                    continue
                _refuse(called, f"argument {spec.name!r} must be a number, got {value!r}")
        elif value is None:
            _refuse(called, f"argument {spec.name!r} must be text, got None")
        else:
            converted.append(value if type(value) is str else str(value))
    return tuple(converted)


def _refuse(called: Function, reason: str) -> NoReturn:
    raise WrongArguments(f"{called.name}: {reason}. The signature is {called.python_signature} = {called.signature}.")
