"""
The options of a simulator URL: ``sim:?seed=7&clock=virtual&at=2026-02-06 08:59``.

Reading a URL touches no file: `assembly` opens the files that options name, and reads the plan of faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUrlError

__all__ = ["Options"]

CLOCKS = ("real", "virtual", "wall")


@dataclass(frozen=True)
class Options:
    """
    The options of a simulator URL. Every field has a default; `docs/simulator.md` explains each.
    """

    seed: int = 0
    """Seeds every random choice: same seed and same calls, same behaviour."""
    clock: str = "real"
    """real: the pace of real time from `at` on; virtual: jumps to the next event; wall: the time of day in Korea."""
    at: datetime | None = None
    """When the session starts (KST). Default: 09:00 of today or, with `data`, of the day after its last day."""
    speed: float = 1.0
    """How many simulated seconds pass in a real one (clock=real)."""
    data: Path | None = None
    """A folder with a real listing and real prices, also of minutes and single trades."""
    list: str = "full"
    """full: every code of KOSPI, KOSDAQ, KONEX, ETF and ETN; small: 453 of them. `data` brings a list of its own."""
    latency_ms: int = 60
    """Time from a request to its answer; each answer adds up to half of it again, by the seed."""
    login_ms: int = 800
    """Time from CommConnect to OnEventConnect."""
    login_error: int = 0
    """The code OnEventConnect brings; 0 is a good login."""
    limits: bool = True
    """Whether the published request limits apply."""
    user: str = "simuser"
    """The user id of the session."""
    name: str = "홍길동"
    """The user's name."""
    accounts: tuple[str, ...] = ("stock",)
    """The user's accounts: ``stock,stock,futures``. Ten of each kind at most; the stock accounts come first."""
    cash: int = 100_000_000
    """Deposit of each account in won at the start."""
    quotes: str = "mock"
    """mock: the quote types that the mock server takes (00 and 03); all: every one of the exchange's."""
    fill: str = "book"
    """book: orders queue and trade in a book with the market's; mock: as on the mock server, at the next trade."""
    fee_ppm: int = 3_500
    """Fee of each trade in millionths of the amount, cut to 10 won. The mock server's rate is 3500, the real 150."""
    tax_ppm: int | None = None
    """Tax on sales in millionths of the amount. Default: the rate of the day."""
    margin: str = "stock"
    """stock: an order binds the margin rate of its stock; full: its whole amount."""
    texts: str = "mock"
    """Whose messages about orders and queries are sent, and whose terminal number (FID 921): mock or real."""
    holdings: bool = True
    """Whether two stock accounts hold shares at the start (the second one more than a page of opw00018)."""
    density: float = 1.0
    """How many trades the market makes, relative to the default of about ten a minute for a liquid stock."""
    halted: tuple[str, ...] = ()
    """Codes that do not trade (거래정지) from the first day on, with commas between them."""
    auto_register: bool = True
    """Whether a successful quote TR registers its codes for real-time on its screen, as the server does."""
    conditions: Path | None = None
    """A file with the user's stored conditions; without it the package's own set."""
    faults: str = ""
    """Faults to switch on, also by schedule: ``lost(OnReceiveTrData, rate=0.01);disconnect@10:30``, or a file."""

    replay: Path | None = None
    """A recording to play back instead of the simulated market; `clock` and `speed` say how fast."""

    @classmethod
    def from_url(cls, url: ControlUrl) -> Options:
        """Read the options of a URL. Raises ControlUrlError, naming the option and what it takes."""
        # A misspelt option must not pass: the default in its stead would go unnoticed.
        url.check_options(f.name for f in fields(cls))
        values: dict[str, Any] = {}
        for name, text in url.options.items():
            try:
                values[name] = _READERS.get(name, str)(text)
            except ValueError as error:
                raise ControlUrlError(f"{url}: option {name}={text!r}: {error}") from None
        return cls(**values)


def _moment(text: str) -> datetime:
    # A URL may write a blank as +.
    moment = datetime.fromisoformat(text.strip().replace("+", " "))
    if moment.tzinfo is not None:
        raise ValueError("times are KST and carry no zone")
    # A date alone means its opening.
    return moment if len(text.strip()) > 10 else moment.replace(hour=9)


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def _flag(text: str) -> bool:
    lowered = text.lower()
    # An option without a value (``&limits``) is switched on.
    if lowered in ("1", "on", "true", "yes", ""):
        return True
    if lowered in ("0", "off", "false", "no"):
        return False
    raise ValueError("must be on or off")


def _path(text: str) -> Path:
    if not text.strip():
        raise ValueError("names no file or folder")
    return Path(text).expanduser()


_MOST_ACCOUNTS = 10  # of a kind: the last digit of their numbers


def _accounts(text: str) -> tuple[str, ...]:
    # People write blanks behind commas and capitals.
    kinds = tuple(kind.strip().lower() for kind in text.split(",") if kind.strip())
    if not kinds or set(kinds) - {"stock", "futures"}:
        raise ValueError("must be a list of stock and futures, such as stock,stock,futures")
    if any(kinds.count(kind) > _MOST_ACCOUNTS for kind in kinds):
        raise ValueError(f"must be at most {_MOST_ACCOUNTS} of a kind")
    return kinds


def _positive(text: str) -> float:
    value = float(text)
    # Not `<= 0`: NaN must fail too.
    if not value > 0:
        raise ValueError("must be more than 0")
    return value


# Options without an entry are texts as they stand.
_READERS: dict[str, Callable[[str], Any]] = {
    "seed": int,
    "clock": _one_of(*CLOCKS),
    "at": _moment,
    "speed": _positive,
    "data": _path,
    "list": _one_of("full", "small"),
    "latency_ms": int,
    "login_ms": int,
    "login_error": int,
    "limits": _flag,
    "accounts": _accounts,
    "cash": int,
    "quotes": _one_of("mock", "all"),
    "fill": _one_of("book", "mock"),
    "fee_ppm": int,
    "tax_ppm": int,
    "margin": _one_of("stock", "full"),
    "texts": _one_of("mock", "real"),
    "density": _positive,
    "halted": lambda text: tuple(code.strip() for code in text.split(",") if code.strip()),
    "auto_register": _flag,
    "holdings": _flag,
    "conditions": _path,
    "replay": _path,
}
