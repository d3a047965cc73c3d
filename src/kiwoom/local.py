"""
This machine and its user: where a program keeps its state, and who is at the other end of a local connection.

A service at a loopback address can be reached by every user of the machine. On Linux the kernel says whose a connection
is; elsewhere a program shows a token that only its user can read.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic

__all__ = [
    "Peers",
    "forget_local_token",
    "is_loopback",
    "is_private_file",
    "listener_is_ours",
    "local_token",
    "make_local_token",
    "state_folder",
]

_ROOT = 0
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
# TCP_LISTEN, 10, of the kernel's net/tcp_states.h.
_LISTENING = "0A"
# How long the kernel's word is good for. Another user could take a port that was just given up.
_FRESH_S = 0.5
_MOST_PEERS = 10_000
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_U32 = 0xFFFFFFFF

Endpoint = tuple[str, int]


def state_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The folder by the system's custom: XDG_STATE_HOME, LOCALAPPDATA, or the Library of macOS."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "kiwoom"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "kiwoom"
    return Path(environment.get("XDG_STATE_HOME") or home / ".local" / "state") / "kiwoom"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


# --- the token of a user's own service -------------------------------------------------------------------------------


def _token_file(port: int) -> Path:
    return state_folder() / f"token-{port}"


def make_local_token(port: int) -> str:
    """
    The token of this user's service at a port, made when there is none. Raises OSError.

    It has 256 bits, and only its user can read the file.
    """
    path = _token_file(port)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if there := local_token(port):
        return there
    token = secrets.token_urlsafe(32)
    with suppress(FileNotFoundError):
        # One that others can read, or that is another user's, is worth nothing.
        path.unlink()
    # O_EXCL: a file that comes there between the two calls is not taken.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, f"{token}\n".encode())
    finally:
        os.close(file)
    return token


def local_token(port: int) -> str:
    """The token of this user's service at a port, "" if there is none that can be trusted."""
    path = _token_file(port)
    try:
        if not is_private_file(path):
            return ""
        return path.read_text("utf-8").strip()
    except OSError:
        return ""


def forget_local_token(port: int) -> None:
    """Take the token of a service away that will not come back to this port."""
    with suppress(OSError):
        _token_file(port).unlink()


def is_private_file(path: Path) -> bool:
    """Whether a file is this user's and no other can read it. Raises OSError if there is none."""
    status = path.stat()
    if os.name != "posix":
        # On Windows, files in the user's folders are the user's alone unless they are shared on purpose.
        return True
    # Root reads every file anyway.
    return status.st_uid in (os.geteuid(), _ROOT) and not status.st_mode & 0o077


# --- who is there ----------------------------------------------------------------------------------------------------


class Peers:
    """The users at the other ends of the connections to one address. Linux; elsewhere nothing is known."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._ours: dict[Endpoint, float] = {}
        """Connections that are ours, and until when this need not be looked at again."""

    def is_ours(self, host: str, port: int) -> bool:
        """Whether the connection from this address belongs to this process's user or to root."""
        if not hasattr(os, "geteuid"):
            return False
        endpoint, now = (_plain(host), port), monotonic()
        if self._ours.get(endpoint, 0.0) > now:
            return True
        user = _user_of(endpoint, (self._local(endpoint[0]), self._port))
        ours = user in (os.geteuid(), _ROOT)
        if ours:
            if len(self._ours) >= _MOST_PEERS:
                self._ours.clear()
            self._ours[endpoint] = now + _FRESH_S
        return ours

    def _local(self, peer: str) -> str:
        """The address that this peer has connected to: the one that is listened at, if that is one."""
        same = ":" in peer
        with suppress(ValueError):
            if (ipaddress.ip_address(self._host).version == 6) is same:
                return self._host
        return "::1" if same else "127.0.0.1"


def _user_of(local: Endpoint, remote: Endpoint) -> int | None:
    """The user whose socket has these ends; None if the kernel shows no such socket."""
    with suppress(OSError, AttributeError):
        return _asked_kernel(local, remote)
    ends = [user for mine, other, _, user in _connections() if mine == local and other[1] == remote[1]]
    return ends[0] if ends else None


def _asked_kernel(local: Endpoint, remote: Endpoint) -> int:
    """Ask for one socket by its ends (sock_diag(7)): as quick for a machine with a million of them. Raises OSError."""
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    ends = [socket.inet_pton(family, host).ljust(16, b"\0") for host, _ in (local, remote)]
    # inet_diag_req_v2: family, protocol, extensions, states; inet_diag_sockid: ports, addresses, interface, no cookie.
    request = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 0, 0xFFFFFFFF)
    request += struct.pack(">HH", local[1], remote[1]) + ends[0] + ends[1] + struct.pack("=III", 0, _U32, _U32)
    header = struct.pack("=IHHII", 16 + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(1.0)
        kernel.sendto(header + request, (0, 0))
        answer = kernel.recv(4096)
    _, kind, _, _, _ = struct.unpack_from("=IHHII", answer)
    if kind != _SOCK_DIAG_BY_FAMILY:
        raise OSError("the kernel knows no such socket")
    # inet_diag_msg: four bytes, the ends, expiry and two queues, then the user.
    (user,) = struct.unpack_from("=I", answer, 16 + 4 + 48 + 12)
    return int(user)


def listener_is_ours(port: int) -> bool:
    """
    Whether the process that listens at a local port is this user's or root's, as far as can be known.

    A token is not shown to another user's program, which may have taken the port of a service that is not running.
    """
    if not hasattr(os, "geteuid"):
        return True
    users = {uid for local, _, state, uid in _connections() if state == _LISTENING and local[1] == port}
    return users <= {os.geteuid(), _ROOT}


def _connections() -> list[tuple[Endpoint, Endpoint, str, int]]:
    """Local end, remote end, state and user of every TCP socket that the kernel shows to this process."""
    found: list[tuple[Endpoint, Endpoint, str, int]] = []
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                # proc(5): local address, remote address, state, and the user in the eighth column.
                found.append((_endpoint(words[1]), _endpoint(words[2]), words[3], int(words[7])))
    return found


def _endpoint(text: str) -> Endpoint:
    """An end as the kernel writes it: the address as words of the machine, the port as a number, in hexadecimal."""
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    words = [raw[i : i + 4] for i in range(0, len(raw), 4)]
    if sys.byteorder == "little":
        words = [word[::-1] for word in words]
    return _plain(str(ipaddress.ip_address(b"".join(words)))), int(port, 16)


def _plain(host: str) -> str:
    """An address without brackets, and an IPv4 one as such where it is written as IPv6."""
    address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
