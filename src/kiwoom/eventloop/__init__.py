"""
How code that waits lets events in: a Qt event loop, asyncio, or the plain pump.

Logic that waits is written once, as steps that yield the `Wait` they need next. Three small drivers run a wait:
`plain` pumps the control, `qt` runs a real `QEventLoop`, `aio` awaits. With Qt or asyncio a feeder is attached to the
control, so that events flow under plain `app.exec()` and while a program awaits other things.

Private: programs wait with the methods of `Kiwoom`.
"""

from kiwoom.eventloop.loop import EventLoop, Steps, Until, run_steps
from kiwoom.eventloop.waits import Kind, Subject, Wait, refused

__all__ = ["EventLoop", "Kind", "Steps", "Subject", "Until", "Wait", "refused", "run_steps"]
