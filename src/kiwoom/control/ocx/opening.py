"""Opens the OCX that an `ocx:` URL names: in this process, or in a host process with an interpreter that fits."""

from __future__ import annotations

from kiwoom.control.base import Control
from kiwoom.control.ocx.options import OPTIONS, check_orders_option
from kiwoom.control.ocx.qax import QaxControl
from kiwoom.control.ocx.relogin import relogin_time
from kiwoom.control.ocx.windows.registration import ON_WINDOWS, own_bits, registration
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUnavailable, ControlUrlError

__all__ = ["not_registered", "open_ocx"]


def open_ocx(url: ControlUrl) -> Control:
    """
    Open the OCX: in this process if its bitness allows, else in a host process with a 32-bit interpreter.

    Raises ControlUnavailable, saying what is missing and what to do; MissingDependency for a missing Qt binding;
    ControlUrlError for an unknown option.
    """
    # All options are checked before the system is looked at: a typo is reported on any machine, also in tests on Linux.
    url.check_options(OPTIONS)
    check_orders_option(url)
    relogin_time(url)
    process = url.options.get("process", "auto")
    if process not in ("auto", "here", "host"):
        raise ControlUrlError(f"{url}: process={process!r} means nothing; there are process=here and process=host")
    if not ON_WINDOWS:
        raise ControlUnavailable(
            f"{url}: the OCX runs on Windows only. On this system use the simulator (sim:), or a control that "
            "`kiwoom serve` offers on a Windows machine (grpc://host:port)."
        )
    here = registration(own_bits())
    # In a 32-bit process without the OCX a host would help no more: the advice is to install it.
    if process == "here" or (process == "auto" and (here is not None or own_bits() == 32)):
        if relogin_time(url) is not None:
            raise ControlUrlError(f"{url}: a session in this process cannot be renewed; add process=host")
        if here is None:
            raise ControlUnavailable(f"{url}: {not_registered()}")
        return QaxControl(url)
    # Imported here: the host is reached over gRPC, which is not installed where the OCX runs in the program's process.
    from kiwoom.control.ocx.host import open_hosted

    return open_hosted(url)


def not_registered() -> str:
    """Say that this process can load no OCX, and what to do about it."""
    bits = own_bits()
    other = registration(32 if bits == 64 else 64)
    if other is not None:
        return (
            f"this is {bits}-bit Python and the OCX is registered for {other.bits}-bit processes only ({other.path}). "
            "Leave `process` away to have it hosted, or use 32-bit Python. `kiwoom doctor` says more."
        )
    return (
        "the OCX is not registered on this machine. Install Open API+ from Kiwoom's web site (트레이딩 > Open API+ > "
        "키움 Open API+ 모듈 다운로드) and log in once. `kiwoom doctor` says more."
    )
