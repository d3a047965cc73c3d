"""
The service as the child of another process: ``python -m kiwoom.service.hosted``.

A 64-bit program cannot load the 32-bit OCX, so it starts this in a 32-bit interpreter and uses the control through the
service. Parent and child talk over the child's pipes: the parent writes one line of JSON to stdin (`url`, `token`,
and optionally `settings`), the child answers with one on stdout, ``{"address": "127.0.0.1:port", "pid": …}`` or
``{"error": class, "message": words}``. The token is the parent's alone, made for this child, and stands on no command
line. The child lives as long as its stdin is open: it ends with its parent, however that ended.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from dataclasses import fields
from typing import Any, TextIO

from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.base.tokens import Tokens
from kiwoom.service.server import Server

__all__ = ["main"]

log = logging.getLogger("kiwoom.service.hosted")

_LAST_RESORT_S = 10.0
"""A child whose owner thread does not come back (a modal window of the OCX) ends itself after this long."""


def main(stdin: TextIO | None = None, stdout: TextIO | None = None) -> int:
    """Serve for the parent at the other end of the pipes until it is gone; returns the exit code."""
    commands, answers = stdin or sys.stdin, stdout or sys.stdout
    # stderr: stdout carries the one line that the parent reads.
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        server = _server(json.loads(commands.readline()))
        server.run(lambda ready: _tell_and_watch(ready, commands, answers))
    except Exception as error:
        log.error("the host ends: %r", error)
        _tell(answers, {"error": type(error).__name__, "message": str(error)})
        return 1
    return 0


def _server(order: dict[str, Any]) -> Server:
    settings = dict(order.get("settings", {}))
    known = {field.name for field in fields(Settings)}
    # The parent may be of another version than the package in the 32-bit interpreter.
    unknown = sorted(set(settings) - known)
    if unknown:
        raise RefusedToStart(f"there is no setting {unknown[0]!r}")
    url, token = order["url"], order["token"]
    return Server(
        Settings(**{**settings, "url": url, "listen": "127.0.0.1:0"}),
        # Not `custom`: the parent uses the control, and runs no code here.
        tokens=Tokens([f"parent {token} read,trade,admin"], "the parent's order"),
    )


def _tell_and_watch(server: Server, commands: TextIO, answers: TextIO) -> None:
    threading.Thread(target=_end_with_parent, args=(server, commands), name="kiwoom-parent", daemon=True).start()
    _tell(answers, {"address": server.address, "pid": os.getpid()})


def _tell(answers: TextIO, message: dict[str, Any]) -> None:
    try:
        answers.write(json.dumps(message) + "\n")
        answers.flush()
    except OSError as error:
        log.error("the parent does not listen: %r", error)


def _end_with_parent(server: Server, commands: TextIO) -> None:
    try:
        # The end of the pipe is the only sign that holds: it comes when the parent is killed as well.
        while commands.readline():
            pass
    except (OSError, ValueError):
        pass
    log.info("the parent is gone")
    server.request_stop()
    # `os._exit`: a thread inside the OCX cannot be ended, and a normal exit would wait for it.
    threading.Timer(_LAST_RESORT_S, os._exit, args=(1,)).start()


if __name__ == "__main__":
    sys.exit(main())
