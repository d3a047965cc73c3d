"""Answers of the futures and options TRs."""

from kiwoom.sim.answers.derivatives import (
    accounts,
    balances,
    loans,
    optionboards,
    quotes,
    series,
    states,
    volatilities,
)

__all__ = ["accounts", "balances", "loans", "optionboards", "quotes", "series", "states", "volatilities"]
