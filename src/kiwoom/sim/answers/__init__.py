"""The TR answers of the simulator, one module a subject; importing this package declares them all."""

from kiwoom.sim.answers import accountperiods as accountperiods
from kiwoom.sim.answers import accounts as accounts
from kiwoom.sim.answers import aftermarket as aftermarket
from kiwoom.sim.answers import borrowing as borrowing
from kiwoom.sim.answers import charts as charts
from kiwoom.sim.answers import contractaccounts as contractaccounts
from kiwoom.sim.answers import contractbalances as contractbalances
from kiwoom.sim.answers import dailies as dailies
from kiwoom.sim.answers import firms as firms
from kiwoom.sim.answers import flows as flows
from kiwoom.sim.answers import fundflows as fundflows
from kiwoom.sim.answers import funds as funds
from kiwoom.sim.answers import futures as futures
from kiwoom.sim.answers import futureseries as futureseries
from kiwoom.sim.answers import interrupted as interrupted
from kiwoom.sim.answers import investing as investing
from kiwoom.sim.answers import journals as journals
from kiwoom.sim.answers import movers as movers
from kiwoom.sim.answers import optionboards as optionboards
from kiwoom.sim.answers import programs as programs
from kiwoom.sim.answers import quotes as quotes
from kiwoom.sim.answers import sectorlists as sectorlists
from kiwoom.sim.answers import themed as themed
from kiwoom.sim.answers import trades as trades
from kiwoom.sim.answers import valuation as valuation
from kiwoom.sim.answers import volatilities as volatilities
from kiwoom.sim.answers import volumes as volumes
from kiwoom.sim.answers.registry import ANSWERS, Answer, Declared, NotFound, Refused, Request, answers

__all__ = ["ANSWERS", "Answer", "Declared", "NotFound", "Refused", "Request", "answers"]
