"""
Doubles for tests of programs: a control that follows a script.

>>> from kiwoom import Kiwoom
>>> from kiwoom.testing import Page, ScriptedControl
>>> control = ScriptedControl()
>>> control.pages["price"] = [Page({"현재가": "-77000"})]
>>> api = Kiwoom(control)

The simulator (``sim:``) is the broker to test a strategy against; the scripted control is for tests that want one
certain answer, a failure at one certain place, or nothing at all.
"""

from kiwoom.testing.scripted import Answer, Page, ScriptedControl

__all__ = ["Answer", "Page", "ScriptedControl"]
