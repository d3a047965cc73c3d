"""
Token files: who may use the service, with which rights and accounts, and until when.

A line has a name, the token, its rights, the accounts if not all may be used, and the last day if there is one. ``#``
begins a comment. ``kiwoom tokens`` writes the token as its SHA-256, so that the file gives none away::

    chart   sha256:9f86d0…   read
    trader  sha256:60303a…   read,trade   8012345611,8012345711   until=2027-03-31
    lab     91Ab…xx          read,trade,custom,admin
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import monotonic

import grpc

from kiwoom.errors import UsageError
from kiwoom.service.base.security import RIGHTS, Identity
from kiwoom.service.base.settings import RefusedToStart
from kiwoom.service.base.status import End

__all__ = ["Token", "Tokens", "add_token", "read_tokens", "remove_token", "rotate_token"]

log = logging.getLogger("kiwoom.service")

# Letters and digits: 95 bits if made at random, which cannot be tried over a network.
_SHORTEST = 16
# Of a text that was made at random, 16 characters hold more different ones than this.
_FEWEST_DIFFERENT = 8
_DIGEST = "sha256:"
_UNTIL = "until="
# How often to look whether the file has changed: a token that was taken away works no longer than that.
_LOOK_S = 1.0
_FORM = "NAME TOKEN RIGHTS [ACCOUNTS] [until=YYYY-MM-DD]"


@dataclass(frozen=True)
class Token:
    """One line of a token file; `digest` is the SHA-256 of the token, in hexadecimal."""

    name: str
    digest: str
    rights: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    until: date | None = None

    @property
    def line(self) -> str:
        """The token as a line of the file."""
        words = [self.name, _DIGEST + self.digest, ",".join(self.rights)]
        if self.accounts:
            words.append(",".join(self.accounts))
        if self.until is not None:
            words.append(f"{_UNTIL}{self.until.isoformat()}")
        return " ".join(words)

    @property
    def identity(self) -> Identity:
        """The caller that shows it."""
        accounts = frozenset(self.accounts) if self.accounts else None
        # Part of the digest, so that a rotated token is another client, with none of the old one's sessions.
        return Identity(self.name, frozenset(self.rights), accounts, True, self.digest[:16])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _parsed(words: list[str], where: str) -> Token:
    until: date | None = None
    if words[-1].startswith(_UNTIL):
        try:
            until = date.fromisoformat(words.pop().removeprefix(_UNTIL))
        except ValueError:
            raise RefusedToStart(f"{where}: the last day is {_UNTIL}YYYY-MM-DD") from None
    if len(words) not in (3, 4):
        raise RefusedToStart(f"{where}: a line is {_FORM}, not {len(words)} words")
    name, token, rights = words[:3]
    unknown = sorted(set(rights.split(",")) - set(RIGHTS))
    if unknown:
        raise RefusedToStart(f"{where}: unknown right {unknown[0]!r}; the rights are {', '.join(RIGHTS)}")
    if token.startswith(_DIGEST):
        digest = token.removeprefix(_DIGEST).lower()
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise RefusedToStart(f"{where}: {_DIGEST} is followed by 64 hexadecimal digits")
    else:
        if len(token) < _SHORTEST:
            raise RefusedToStart(f"{where}: a token of fewer than {_SHORTEST} characters can be guessed")
        if len(set(token)) < _FEWEST_DIFFERENT:
            raise RefusedToStart(f"{where}: a token of so few different characters can be guessed")
        digest = _digest(token)
    accounts = tuple(words[3].split(",")) if len(words) == 4 else ()
    return Token(name, digest, tuple(rights.split(",")), accounts, until)


def _all_parsed(lines: Iterable[str], source: str) -> list[Token]:
    found: list[Token] = []
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        token = _parsed(words, f"{source}, line {number}")
        if any(token.digest == other.digest for other in found):
            raise RefusedToStart(f"{source}, line {number}: this token stands there twice")
        found.append(token)
    return found


class Tokens:
    """The tokens that a service knows. Only their digests are kept."""

    def __init__(self, lines: Iterable[str], source: str = "the token file") -> None:
        self._tokens = _all_parsed(lines, source)
        if not self._tokens:
            raise RefusedToStart(f"{source} holds no token; a line is: {_FORM}")
        self._path: Path | None = None
        self._read_at_ns = 0
        self._look_at = 0.0

    @property
    def limited(self) -> bool:
        """Whether one of them is limited to accounts."""
        return any(token.accounts for token in self._tokens)

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """
        Read a token file; changes to it count from then on.

        Raises RefusedToStart if it cannot be read or understood, or if others can read it.
        """
        try:
            _refuse_public(path)
            tokens = cls(path.read_text("utf-8").splitlines(), str(path))
            tokens._path, tokens._read_at_ns = path, path.stat().st_mtime_ns
        except OSError as error:
            raise RefusedToStart(f"the token file cannot be read: {error}") from None
        return tokens

    def identify(self, authorization: str) -> Identity:
        """The identity behind ``Bearer TOKEN``. Raises End(UNAUTHENTICATED)."""
        scheme, _, shown = authorization.partition(" ")
        if scheme.lower() != "bearer" or not shown:
            raise End(grpc.StatusCode.UNAUTHENTICATED, "send the metadata authorization: Bearer TOKEN")
        self._look()
        wanted = _digest(shown.strip())
        found = None
        # Compare every digest, each in constant time, so that the duration tells nothing.
        for token in self._tokens:
            if hmac.compare_digest(token.digest, wanted):
                found = token
        if found is None:
            raise End(grpc.StatusCode.UNAUTHENTICATED, "this token is not known here")
        if found.until is not None and date.today() > found.until:
            raise End(grpc.StatusCode.UNAUTHENTICATED, f"this token was good until {found.until}")
        return found.identity

    def _look(self) -> None:
        """Read the file again if it has changed."""
        if self._path is None or monotonic() < self._look_at:
            return
        self._look_at = monotonic() + _LOOK_S
        try:
            changed_ns = self._path.stat().st_mtime_ns
            if changed_ns == self._read_at_ns:
                return
            # Before it is parsed: a file with a mistake is reported once, not each second.
            self._read_at_ns = changed_ns
            _refuse_public(self._path)
            self._tokens = _all_parsed(self._path.read_text("utf-8").splitlines(), str(self._path))
        except (OSError, RefusedToStart) as error:
            # Edits by hand bring mistakes; one must not throw out the clients that are there.
            log.error("the tokens stay as they were: %s", error)
        else:
            log.info("the tokens were read again: %d", len(self._tokens))


def _refuse_public(path: Path) -> None:
    # The group may read: services run under a group of their own. Windows has no such bits.
    if os.name == "posix" and path.stat().st_mode & 0o007:
        raise RefusedToStart(f"every user of this machine can read {path}: chmod 600 {path}")


# --- kiwoom tokens ---------------------------------------------------------------------------------------------------


def read_tokens(path: Path) -> list[Token]:
    """The tokens of a file; none if there is no file. Raises UsageError."""
    if not path.exists():
        return []
    try:
        _refuse_public(path)
        return _all_parsed(path.read_text("utf-8").splitlines(), str(path))
    except (OSError, RefusedToStart) as error:
        raise UsageError(str(error)) from None


def add_token(path: Path, name: str, rights: Iterable[str], accounts: Iterable[str], until: date | None) -> str:
    """Make a token of 256 bits and write its digest. Gives the token, which stands nowhere. Raises UsageError."""
    tokens = read_tokens(path)
    if any(token.name == name for token in tokens):
        raise UsageError(f"there is a token {name!r}: rotate it, or take another name")
    if not name or name.split() != [name] or "#" in name:
        raise UsageError(f"{name!r} is no name: one word without #")
    wanted, allowed = tuple(dict.fromkeys(rights)), tuple(dict.fromkeys(accounts))
    if not wanted or not set(wanted) <= set(RIGHTS):
        raise UsageError(f"the rights are {', '.join(RIGHTS)}, not {','.join(wanted)!r}")
    if any(not account.isascii() or not account.isdigit() for account in allowed):
        raise UsageError("an account is its digits, as GetLoginInfo gives it")
    # 256 bits: too many to try, also offline against the digests of a file that leaked.
    shown = secrets.token_urlsafe(32)
    _write(path, [*tokens, Token(name, _digest(shown), wanted, allowed, until)])
    return shown


def remove_token(path: Path, name: str) -> None:
    """Take a token out of the file. Raises UsageError."""
    tokens = read_tokens(path)
    left = [token for token in tokens if token.name != name]
    if len(left) == len(tokens):
        raise UsageError(f"there is no token {name!r} in {path}")
    _write(path, left)


def rotate_token(path: Path, name: str, until: date | None) -> str:
    """Make a new token for a name, with its rights and accounts; the old one works no longer. Raises UsageError."""
    tokens, shown = read_tokens(path), secrets.token_urlsafe(32)
    if sum(token.name == name for token in tokens) != 1:
        raise UsageError(f"there is no token {name!r} in {path}, or more than one")
    fresh = [replace(t, digest=_digest(shown), until=until or t.until) if t.name == name else t for t in tokens]
    _write(path, fresh)
    return shown


def _write(path: Path, tokens: Iterable[Token]) -> None:
    """Write the file so that a service never reads a half of it, and no other user any of it. Raises UsageError."""
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # With O_EXCL below: a link that another user put there beforehand is not followed.
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as lines:
            lines.write(f"# {_FORM}\n")
            lines.writelines(f"{token.line}\n" for token in tokens)
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}") from None
