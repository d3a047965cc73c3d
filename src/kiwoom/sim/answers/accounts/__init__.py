"""Answers of the account TRs (opw…)."""

from kiwoom.sim.answers.accounts import accounts, journal, periods

__all__ = ["accounts", "journal", "periods"]
