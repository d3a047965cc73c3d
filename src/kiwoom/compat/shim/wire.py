"""
The protocol between the program's process and the process that holds the control.

Messages are JSON lists, each behind its length in four bytes. Control passes back and forth like in one thread: the
side that waits for an answer serves what the other asks meanwhile, so that an event's handlers may call functions, and
these may deliver further events, to any depth.

From the program:

==============================  ======================================================================================
``["hello", token, role]``      role "main" or "wake"; answered by ``["r", {...}]`` with the contract and the settings
``["open"]``                    open the control; answered by ``["r", {...}]`` with its clock
``["c", name, [arguments]]``    call a function
``["d", spec, [arguments]]``    a `dynamicCall`; the answer is ``[name, arguments, result]``
``["s", spec]``                 what a `dynamicCall` string means: ``[name, kinds]``
``["g", [arguments], count]``   GetCommData of that and the following rows
``["p", seconds]``              deliver what is due; the answer is the number of events
``["a", us]``                   advance a virtual clock
``["A", us]``                   the same, not answered
``["t"]``                       what time it is
``["f"]``                       the folder of the drive letters
``["n", kind, text]``           a note for log and report; not answered
``["x", saved]``                an event was handled; `saved` counts, by name, calls answered without asking
==============================  ======================================================================================

To the program: ``["r", value, due, now]`` a result, with the real seconds until something is due and the control's
time where these may have changed; ``["e", kind, message]`` a refusal; ``["v", event, [arguments], now, fields]`` an
event, with the fields (FID, text) that the program read in the events of its kind before; ``["z", why]`` the control
has ended, also over the connection that wakes, which carries a 0 when there may be something to pump.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

__all__ = ["LIMIT", "Channel", "Gone"]

# The largest answers, pages of 900 rows, have some 100 kB: a length far beyond is no message of this protocol.
LIMIT = 64 * 1024 * 1024
"""The longest message in bytes; a longer one ends the connection."""

_HEAD = struct.Struct("<I")


class Gone(Exception):
    """The other end of the connection is gone."""


class Channel:
    """Messages over a connected socket. One thread at a time."""

    def __init__(self, connection: socket.socket) -> None:
        # Every call waits for its answer: Nagle's algorithm would add 40 ms to many of them.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self._buffer = bytearray()
        self._encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        self._decode = json.JSONDecoder().decode

    def send(self, message: Any) -> None:
        """Send a message. Raises Gone."""
        # A program may hand over half a surrogate pair, or a file name that was not UTF-8.
        body = self._encode(message).encode("utf-8", "surrogatepass")
        try:
            self.socket.sendall(_HEAD.pack(len(body)) + body)
        except OSError as error:
            raise Gone(f"the connection to the control is gone: {error}") from None

    def receive(self) -> Any:
        """Wait for a message. Raises Gone."""
        buffer = self._buffer
        while len(buffer) < 4:
            self._more()
        length = _HEAD.unpack_from(buffer)[0]
        if length > LIMIT:
            raise Gone(f"a message of {length} bytes was announced; at most {LIMIT} are taken")
        while len(buffer) < 4 + length:
            self._more()
        body = buffer[4 : 4 + length].decode("utf-8", "surrogatepass")
        del buffer[: 4 + length]
        return self._decode(body)

    def _more(self) -> None:
        try:
            data = self.socket.recv(262_144)
        except OSError as error:
            raise Gone(f"the connection to the control is gone: {error}") from None
        if not data:
            raise Gone("the process that holds the control has closed the connection")
        self._buffer += data

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()
