"""
The process that hosts a control for this one: started, told what to serve over its pipes, and ended with this process.

See `kiwoom.service.hosted` for the other end. The token is made for each start and stands on no command line.
"""

from __future__ import annotations

import json
import logging
import queue
import secrets
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from kiwoom.control.ocx.windows import processes
from kiwoom.control.ocx.windows.registration import ON_WINDOWS
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUnavailable

__all__ = ["HostProcess"]

log = logging.getLogger("kiwoom.control.ocx.host")

_START_TIMEOUT_S = 120.0
"""A start imports Qt and gRPC, on a machine that may be busy opening the market."""
# The host has only to close the OCX and its port: one that takes longer hangs.
_END_TIMEOUT_S = 5.0
# Without it a console window opens beside every program that runs under pythonw.
_NO_WINDOW = 0x08000000  # CREATE_NO_WINDOW


class HostProcess:
    """
    A running host.

    `url` is where its service is reached, with the token; `pid` its process. Its log lines go to this process's log.
    Raises ControlUnavailable from the constructor, with what the host said, when it does not come up.
    """

    def __init__(
        self, interpreter: str, served: str, arguments: Sequence[str] = ("-m", "kiwoom.service.hosted")
    ) -> None:
        # Any program of this machine can reach the port: only the one that knows the token may trade.
        token = secrets.token_urlsafe(32)
        try:
            self._process = subprocess.Popen(
                [interpreter, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                creationflags=_NO_WINDOW if ON_WINDOWS else 0,
            )
        except OSError as error:
            raise ControlUnavailable(f"the host {interpreter} could not be started: {error}") from None
        self.pid = self._process.pid
        processes.end_with_this_process(self._process)
        # A host that dies during its start says why on stderr: its last lines become the exception's text.
        self._last_words: list[str] = []
        threading.Thread(target=self._relay_log, name="kiwoom-host-log", daemon=True).start()
        answer = self._ask({"url": served, "token": token})
        if "address" not in answer:
            self.end()
            said = answer.get("message") or "; ".join(self._last_words[-3:]) or "nothing"
            raise ControlUnavailable(f"the host {interpreter} did not come up: {said}")
        host, _, port = str(answer["address"]).rpartition(":")
        self.url = ControlUrl("grpc", host, int(port), "", {"token": token, "wire": "v1", "timeout": "30"})
        log.info("the host %d serves %s", self.pid, served)

    def _ask(self, order: dict[str, str]) -> dict[str, Any]:
        """Tell the host what to serve. Returns its answer, {} if it ended or stayed silent."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        # Pipes of Windows know no time-out: a thread reads, and the queue waits.
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(
            target=_read_line, args=(self._process.stdout, lines), name="kiwoom-host-answer", daemon=True
        ).start()
        try:
            answer = json.loads(lines.get(timeout=_START_TIMEOUT_S) or b"{}")
        except (queue.Empty, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}

    def _relay_log(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for raw in lines:
                line = raw.decode("utf-8", "replace").rstrip()
                # A new list each time: the constructor reads it on another thread.
                self._last_words = [*self._last_words[-9:], line]
                log.info("host %d: %s", self.pid, line)

    def wait(self) -> int:
        """Wait until the process has ended; its exit code."""
        code = self._process.wait()
        self._close_pipes()
        return code

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def end(self) -> None:
        """Ask it to end, by closing its stdin, and end it after a while if it does not."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            log.warning("the host %d did not end by itself", self.pid)
            self._process.kill()
            self._process.wait()
        self._close_pipes()


def _read_line(stream: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    lines.put(stream.readline())
