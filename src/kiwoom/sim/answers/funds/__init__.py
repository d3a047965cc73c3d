"""Answers of the ETF TRs."""

from kiwoom.sim.answers.funds import fundinvestors, funds

__all__ = ["fundinvestors", "funds"]
