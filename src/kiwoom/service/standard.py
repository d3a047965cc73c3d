"""The services that every gRPC server should have: health checking and reflection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pool

from kiwoom.wire.pool import POOL

__all__ = ["MODE_KEY", "add_health", "add_reflection"]


MODE_KEY = "kiwoom-mode"
"""Metadata of the answers to health checks: simulated, mock, real, or unknown before the login."""


async def add_health(
    server: grpc.aio.Server, services: Sequence[str], mode: Callable[[], Awaitable[str]]
) -> Callable[[bool], Awaitable[None]]:
    """
    Answer health checks for these services and for "", the server, each with the mode in its initial metadata.

    The result says from when on it serves.
    """
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc

    base: Any = health.aio.HealthServicer  # type: ignore[attr-defined]  # the stubs do not know it

    class Health(base):  # type: ignore[misc]
        async def Check(self, request: Any, context: Any) -> Any:
            await context.send_initial_metadata(((MODE_KEY, await mode()),))
            return await super().Check(request, context)

        async def Watch(self, request: Any, context: Any) -> None:
            await context.send_initial_metadata(((MODE_KEY, await mode()),))
            await super().Watch(request, context)

    servicer: Any = Health()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    states = health_pb2.HealthCheckResponse

    async def tell(serving: bool) -> None:
        for name in ("", *services):
            await servicer.set(name, states.SERVING if serving else states.NOT_SERVING)

    # Not before the port is open and the control stands: orchestrators send clients as soon as it says "serving".
    await tell(False)
    return tell


def add_reflection(server: grpc.aio.Server, services: Sequence[str]) -> None:
    """Let clients ask for the interface: grpcurl and its like need no .proto then."""
    from grpc_health.v1 import health
    from grpc_reflection.v1alpha import reflection

    # These two among them: grpcurl lists a service only if reflection names it.
    names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
    pool: Any = _Pools()
    reflection.enable_server_reflection(names, server, pool=pool)


class _Pools:
    """Our pool, and protobuf's own for the services that come with gRPC."""

    def _find(self, method: str, *arguments: Any) -> Any:
        try:
            # Ours is apart from protobuf's default one, where KOAPY's own messages of the same names may stand.
            return getattr(POOL, method)(*arguments)
        except KeyError:
            return getattr(descriptor_pool.Default(), method)(*arguments)

    def FindFileByName(self, name: str) -> Any:
        """The file of this name."""
        return self._find("FindFileByName", name)

    def FindFileContainingSymbol(self, symbol: str) -> Any:
        """The file that defines a symbol."""
        return self._find("FindFileContainingSymbol", symbol)

    def FindMessageTypeByName(self, name: str) -> Any:
        """The message type of this name."""
        return self._find("FindMessageTypeByName", name)

    def FindExtensionByNumber(self, message: Any, number: int) -> Any:
        """An extension; we have none."""
        return self._find("FindExtensionByNumber", message, number)

    def FindAllExtensions(self, message: Any) -> Any:
        """The extensions of a message; we have none."""
        return self._find("FindAllExtensions", message)
