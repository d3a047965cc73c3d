"""
Bounds of a request that hold before it is parsed.

A parser makes an object of each field, and 4 MB of empty fields are a million of them. Counting them ends at the first
one too many.
"""

from __future__ import annotations

import grpc

from kiwoom.service.base.status import End

__all__ = ["check_fields", "check_size"]

# Requests up to this size cannot hold enough fields to matter.
_SMALL = 1024


def check_size(raw: bytes, most: int, what: str) -> None:
    """Raise End(INVALID_ARGUMENT) for a request of more than `most` bytes."""
    if len(raw) > most:
        raise End(grpc.StatusCode.INVALID_ARGUMENT, f"{what} of {len(raw)} bytes: no more than {most} are taken")


def check_fields(raw: bytes, most: int, what: str) -> None:
    """Raise End(INVALID_ARGUMENT) for a message with more than `most` fields. What is no message is left alone."""
    if len(raw) <= _SMALL:
        return
    at, fields = 0, 0
    try:
        while at < len(raw):
            fields += 1
            if fields > most:
                raise End(grpc.StatusCode.INVALID_ARGUMENT, f"{what} with more than {most} fields")
            tag, at = _varint(raw, at)
            kind = tag & 7
            if kind == 0:
                _, at = _varint(raw, at)
            elif kind == 2:
                length, at = _varint(raw, at)
                at += length
            elif kind == 1:
                at += 8
            elif kind == 5:
                at += 4
            else:
                return
    except IndexError:
        # Cut off in the middle: the parser says so.
        return


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    # 10 bytes hold 64 bits; what is longer is no message.
    for _ in range(10):
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise IndexError
