"""Answers of the sector and index TRs."""

from kiwoom.sim.answers.sectors import sectors

__all__ = ["sectors"]
