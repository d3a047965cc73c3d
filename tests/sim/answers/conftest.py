"""A small market for tests that look at every code: some seventy of the listing, of all kinds."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.sim.driver import Driver

from kiwoom import catalog

_COLUMNS = (
    "code", "name", "market", "sec_type", "listed_shares", "par_value", "listing_date", "krx_sector_name",
    "settle_month", "close", "close_date", "isin",
)  # fmt: skip
_ALWAYS = ("005930", "000660", "035420", "069500", "122630", "005935", "229200", "247540", "086520")


@pytest.fixture(scope="session")
def small_listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with every seventh code of the package's listing and a few well-known ones."""
    folder = tmp_path_factory.mktemp("listing")
    sectors = catalog.sectors()
    with (folder / "krx_listing.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for place, row in enumerate(catalog.listing(small=True)):
            if place % 7 and row.code not in _ALWAYS:
                continue
            listed = f"{row.listed_on[:4]}-{row.listed_on[4:6]}-{row.listed_on[6:]}"
            sector = sectors[row.sector].name if row.sector in sectors else ""
            writer.writerow(
                (row.code, row.name, row.market, row.kind, row.listed_shares, row.par_value, listed, sector,
                 f"{row.settle_month}월", row.base_price, "2026-01-02", "")
            )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def opened(small_listing: Path) -> Iterator[Callable[[str], Driver]]:
    """Opens the small market with further options; one for each text, shared by the tests of a session."""
    drivers: dict[str, Driver] = {}

    def get(options: str) -> Driver:
        if options not in drivers:
            drivers[options] = Driver(f"data={small_listing}&limits=off&auto_register=off&{options}")
        return drivers[options]

    yield get
    for driver in drivers.values():
        driver.control.close()


@pytest.fixture(scope="session")
def closed(opened: Callable[[str], Driver]) -> Driver:
    """The small market after the close: nothing moves between two requests."""
    return opened("at=2026-02-06 16:15")


@pytest.fixture(scope="session")
def running(opened: Callable[[str], Driver]) -> Driver:
    """The small market at one in the afternoon."""
    return opened("at=2026-02-06 13:00")
