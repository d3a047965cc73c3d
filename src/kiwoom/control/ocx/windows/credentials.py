"""
Credentials of an unattended login, in the operating system's keyring: never on a command line or in a log.

One entry for each profile (usually one): id, password, certificate password (real server), account password, and
whether to log in to the mock server.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from kiwoom.errors import ControlUnavailable, MissingDependency

__all__ = ["DEFAULT_PROFILE", "SERVICE", "Credentials", "forget", "load", "store"]

SERVICE = "kiwoom-openapi-plus"
DEFAULT_PROFILE = "default"


@dataclass(frozen=True)
class Credentials:
    """Who logs in where. Its repr shows the id and the server, and none of the secrets."""

    user_id: str
    password: str = field(repr=False)
    certificate_password: str = field(default="", repr=False)
    account_password: str = field(default="", repr=False)
    mock: bool = True


@contextmanager
def _keyring() -> Iterator[Any]:
    """The keyring's module. What goes wrong in it comes out as ControlUnavailable, in its words."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise MissingDependency("credentials are kept in the system's keyring: pip install keyring") from None
    errors = getattr(keyring, "errors", None)
    try:
        yield keyring
    except getattr(errors, "KeyringError", ()) as error:
        raise ControlUnavailable(f"the system's keyring: {error or type(error).__name__}") from None


def store(credentials: Credentials, profile: str = DEFAULT_PROFILE) -> None:
    """
    Keep credentials under a profile's name; replaces earlier ones.

    Raises MissingDependency, ControlUnavailable if the keyring does not keep them.
    """
    # One entry for all: a profile that is stored in halves would log in with another one's password.
    text = json.dumps(asdict(credentials))
    with _keyring() as keyring:
        keyring.set_password(SERVICE, profile, text)
        # The backend of a system without a keyring takes everything and keeps nothing.
        if keyring.get_password(SERVICE, profile) != text:
            raise ControlUnavailable("the system's keyring did not keep the login: it has no backend that does")


def load(profile: str = DEFAULT_PROFILE) -> Credentials:
    """The credentials of a profile. Raises MissingDependency, ControlUnavailable if there are none."""
    with _keyring() as keyring:
        text = keyring.get_password(SERVICE, profile)
    if text is None:
        raise ControlUnavailable(
            f"the keyring has no login {profile!r}; `kiwoom login --store` asks for it and keeps it there"
        )
    return Credentials(**json.loads(text))


def forget(profile: str = DEFAULT_PROFILE) -> bool:
    """Take a profile out of the keyring; whether it was there. Raises MissingDependency, ControlUnavailable."""
    with _keyring() as keyring:
        if keyring.get_password(SERVICE, profile) is None:
            return False
        keyring.delete_password(SERVICE, profile)
    return True
