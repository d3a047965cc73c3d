"""
A program in which much fails, for `test_reports.py`: prints the name of each failure on both streams before it comes.

``failing.py plain``, ``failing.py qt`` or ``failing.py asyncio`` says who lets events in.
"""

import asyncio
import sys

from kiwoom import *  # noqa: F403

MODE = sys.argv[1]
if MODE == "qt":
    from PyQt5.QtCore import QTimer
    from PyQt5.QtWidgets import QApplication

    app = QApplication(sys.argv)

api = Kiwoom("sim:?clock=virtual&at=2026-02-06 10:00&limits=off&login_ms=1")  # noqa: F405
Kiwoom.message(False)  # noqa: F405
config.MUTE = True  # noqa: F405


def part(name):
    for stream in (sys.stdout, sys.stderr):
        print(f"== {name}", file=stream, flush=True)


def ask(name):
    api.set_input_value("종목코드", "005930")
    return api.comm_rq_data(name, "opt10001", 0, "0101")


def fails(*_):
    raise ValueError("the slot's own fault")


def asks_again(scr_no, rq_name, tr_code, record_name, prev_next):
    """Ask under another name and wait for it, as deep as `deepest` says; then fail."""
    depth = int(rq_name)
    if depth == deepest:
        raise ValueError("at the bottom")
    api.connect("on_receive_tr_data", slot=asks_again, key=str(depth + 1))
    ask(str(depth + 1))
    api.loop()


def served():
    """Let events in without a wait that could raise."""
    if MODE == "qt":
        QTimer.singleShot(200, app.quit)
        app.exec()
    else:
        api.run(timeout=1)


def waited(steps):
    try:
        steps()
    except ValueError as error:
        print(f"caught {error}")


async def main():
    await api.login_async()
    api.connect("on_receive_tr_data", slot=fails, key="fails")
    part("caught")
    ask("fails")
    try:
        await api.loop_async()
    except ValueError as error:
        print(f"caught {error}")
    part("served")
    ask("fails")
    await api.run_async(timeout=1)
    part("end")


if MODE == "asyncio":
    asyncio.run(main())
    sys.exit()

part("before the login")
api.comm_rq_data("early", "opt10001", 0, "0101")
api.login()
part("refused request")
api.comm_rq_data("x", "opt10081", 0, "0101")
api.loop()
part("refused order")
api.send_order("x", "0101", "1234567890", 1, "005930", 1, 0, "03", "")
part("refused registration")
api.set_real_reg("0101", ";".join(str(100000 + n) for n in range(101)), "10", "0")
part("refused condition")
api.send_condition("0101", "none", 0, 0)
part("refused and raised")
Kiwoom.raise_errors(True)  # noqa: F405
try:
    api.comm_rq_data("x", "opt99", 0, "0101")
except errors.RequestError as error:  # noqa: F405
    print(f"caught {error.code}")
Kiwoom.raise_errors(False)  # noqa: F405
api.connect("on_receive_tr_data", slot=fails, key="fails")
part("caught")
ask("fails")
waited(api.loop)
part("served")
ask("fails")
served()
part("two at once")
api.OnReceiveTrData.connect(fails)
ask("fails")
waited(api.loop)
api.OnReceiveTrData.disconnect()
part("deep and caught")
deepest = 30
api.connect("on_receive_tr_data", slot=asks_again, key="0")
ask("0")
waited(api.loop)
part("deep and served")
ask("0")
served()
part("too deep")
deepest = 100
ask("0")
try:
    api.loop()
except Exception as error:
    print(f"caught {type(error).__name__}")
part("not caught")
ask("fails")
api.loop()
