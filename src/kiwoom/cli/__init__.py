"""The `kiwoom` command. Private: programs run the command, they do not import it."""

from __future__ import annotations

import sys

__all__ = ["main"]

# ANSI_X3.4-1968 is glibc's name of ASCII, 646 that of other C libraries.
_ASCII = ("ascii", "us-ascii", "ansi_x3.4-1968", "646")


def main() -> None:
    """Run the command with the arguments of the process."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if (stream.encoding or "").lower() in _ASCII:
            # LC_ALL=C on a server says nothing about its terminal, and no Korean name fits into ASCII.
            reconfigure(encoding="utf-8")
        # A console that cannot show a character (cp949, latin-1) shows a substitute instead of failing.
        reconfigure(errors="replace")
    from kiwoom.cli.app import app

    app()
