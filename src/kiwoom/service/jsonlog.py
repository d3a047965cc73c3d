"""The log of the service: lines of JSON, with account numbers masked."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

from kiwoom.masking import Masker

__all__ = ["JsonFormatter", "MaskedFormatter"]


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the traceback of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            # UTC with its offset: machines of several zones send to one collector.
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # Korean as it is: escaped, the server's messages could not be read.
        return json.dumps(entry, ensure_ascii=False)


class MaskedFormatter(logging.Formatter):
    """
    Formats with another formatter, and masks accounts in its result.

    Masking comes last because errors of the control or of a program's own code may contain accounts.
    """

    def __init__(self, plain: logging.Formatter) -> None:
        super().__init__()
        self._plain = plain
        self._masker = Masker()

    def format(self, record: logging.LogRecord) -> str:
        return self._masker.text(self._plain.format(record))
