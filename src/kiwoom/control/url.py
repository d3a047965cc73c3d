"""The URL that says which control to open: scheme, host and port, path, and options in the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlencode, urlsplit

from kiwoom.errors import ControlUrlError

__all__ = ["ControlUrl"]

# URLs stand in logs, reprs and recordings, so these are masked wherever a URL becomes text.
_SECRETS = ("token", "password")


@dataclass(frozen=True)
class ControlUrl:
    """A parsed control URL. `str()` gives it back with secrets masked."""

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> ControlUrl:
        """Read ``sim:?seed=7``, ``ocx:`` or ``grpc://host:port?token=...``. Raises ControlUrlError."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError as error:
            raise ControlUrlError(f"{text!r} is not a control URL: {error}") from None
        # ``C:\day.kwr`` parses as a URL with the scheme "c": a path was given where a URL is wanted.
        if not parts.scheme or (parts.scheme == "c" and "\\" in text):
            raise ControlUrlError(f"{text!r} is not a control URL: it has no scheme; for example sim: or sim:?seed=7")
        options: dict[str, str] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            # Refused, not overwritten: with ``orders=real`` among them, which of the two counts must be no guess.
            if name in options:
                raise ControlUrlError(f"{text!r}: the option {name!r} stands there twice")
            options[name] = value
        return cls(parts.scheme, parts.hostname or "", port, parts.path, options)

    def check_options(self, known: Iterable[str]) -> None:
        """Raise ControlUrlError for an option that is not among `known`, naming the nearest that is."""
        names = sorted(known)
        for name in self.options:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ControlUrlError(f"{self}: unknown option {name!r}.{hint} Options: {', '.join(names)}")

    def __str__(self) -> str:
        masked = {k: "***" if k in _SECRETS else v for k, v in self.options.items()}
        query = f"?{urlencode(masked, safe=':/*, ')}" if masked else ""
        if not self.host:
            return f"{self.scheme}:{self.path}{query}"
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}://{self.host}{port}{self.path}{query}"
