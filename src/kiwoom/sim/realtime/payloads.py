"""The text of OnReceiveRealData from the values of a real type."""

from __future__ import annotations

from kiwoom import catalog

__all__ = ["payload"]


def payload(real_type: str, values: dict[int, str]) -> str:
    """The values in the order of the type's FID list, separated by tabs; "" for a FID without one."""
    return "\t".join([values.get(fid, "") for fid in catalog.real_type(real_type).fids])
