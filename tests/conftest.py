"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

REFERENCE_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The reference market data beside the checkout; tests that need it are skipped where it is absent."""
    if not (REFERENCE_DATA / "krx_listing.csv").exists():
        pytest.skip(f"the reference market data is not at {REFERENCE_DATA}")
    return REFERENCE_DATA
