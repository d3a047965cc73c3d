"""Kiwoom's own control on Windows: in this process, or in a host process beside it."""
