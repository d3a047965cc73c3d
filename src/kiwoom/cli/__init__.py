"""The `kiwoom` command. Private: programs run the command, they do not import it."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command with the arguments of the process."""
    # a console that cannot show a character (cp949, latin-1) shows a substitute instead of failing
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    from kiwoom.cli.app import app

    app()
