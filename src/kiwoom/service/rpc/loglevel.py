"""`SetLogLevel`."""

from __future__ import annotations

import logging

import grpc

from kiwoom.service.base.status import End
from kiwoom.service.shared.clients import Client
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["set_log_level"]

log = logging.getLogger("kiwoom.service")

# Python keeps a logger for ever once it was named, so clients may name only so many that the server has not.
_MOST_NAMED = 1000
_LONGEST_NAME = 200
_named: set[str] = set()
# KOAPY's programs set the level of its own logger, and mean the messages of the service.
_KOAPY, _OURS = "koapy", "kiwoom"


async def set_log_level(client: Client, raw: bytes) -> bytes:
    """Set the level of one of the server's loggers; "" is the root, "koapy" sets "kiwoom" as well."""
    # The level holds for all: one client's debugging would fill the operator's disk.
    client.identity.require("admin")
    request = pb.SetLogLevelRequest.FromString(raw)
    name = request.logger
    if name and name not in logging.Logger.manager.loggerDict:
        if len(name) > _LONGEST_NAME or len(_named) >= _MOST_NAMED:
            text = f"the service has no logger {name[:50]!r} and makes no more: try '', kiwoom, kiwoom.service"
            raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        _named.add(name)
    for logger in (name, _OURS) if name == _KOAPY else (name,):
        logging.getLogger(logger).setLevel(request.level)
    log.info("%r set the level of logger %r to %d", client, name, request.level)
    return pb.SetLogLevelResponse().SerializeToString()
