"""`SetLogLevel`."""

from __future__ import annotations

import logging

import grpc

from kiwoom.service.base.status import End
from kiwoom.service.shared.clients import Client
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["set_log_level"]

log = logging.getLogger("kiwoom.service")


async def set_log_level(client: Client, raw: bytes) -> bytes:
    """Set the level of one of the server's loggers; "" is the root."""
    request = pb.SetLogLevelRequest.FromString(raw)
    if not 0 <= request.level <= 100:
        raise End(grpc.StatusCode.INVALID_ARGUMENT, f"{request.level} is not a log level: 0 to 100, 20 is INFO")
    name = request.logger
    # A logger that does not exist yet would be made, and stay, for every name that somebody thinks of.
    if name and name not in logging.Logger.manager.loggerDict:
        raise End(grpc.StatusCode.INVALID_ARGUMENT, f"there is no logger {name[:50]!r}; try '', kiwoom, kiwoom.service")
    logging.getLogger(name).setLevel(request.level)
    log.info("%r set the level of logger %r to %d", client, name, request.level)
    return pb.SetLogLevelResponse().SerializeToString()
