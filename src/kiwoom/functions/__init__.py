"""The dispatch functions and events of the control as Python methods, by subject; `API` is made of them. Private."""

from kiwoom.functions.base import Caller, Number
from kiwoom.functions.codes import CodeFunctions
from kiwoom.functions.conditions import ConditionFunctions
from kiwoom.functions.derivatives import DerivativeFunctions
from kiwoom.functions.events import EventHandlers
from kiwoom.functions.koa import KoaFunctions
from kiwoom.functions.login import LoginFunctions
from kiwoom.functions.orders import OrderFunctions
from kiwoom.functions.realtime import RealtimeFunctions
from kiwoom.functions.requests import RequestFunctions

__all__ = [
    "Caller",
    "CodeFunctions",
    "ConditionFunctions",
    "DerivativeFunctions",
    "EventHandlers",
    "KoaFunctions",
    "LoginFunctions",
    "Number",
    "OrderFunctions",
    "RealtimeFunctions",
    "RequestFunctions",
]
