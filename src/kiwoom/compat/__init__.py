"""Lets programs written against the OCX (`QAxWidget`) run on any control, on any system."""

from kiwoom.compat.install import Installation, install

__all__ = ["Installation", "install"]
