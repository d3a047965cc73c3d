"""The answers to TRs: one function per TR, in folders by family. Importing this package declares them all."""

from kiwoom.sim.answers import accounts as accounts
from kiwoom.sim.answers import derivatives as derivatives
from kiwoom.sim.answers import funds as funds
from kiwoom.sim.answers import sectors as sectors
from kiwoom.sim.answers import stocks as stocks
from kiwoom.sim.answers.registry import ANSWERS, Answer, Declared, NotFound, Refused, Request, answers

__all__ = ["ANSWERS", "Answer", "Declared", "NotFound", "Refused", "Request", "answers"]
