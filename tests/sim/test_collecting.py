"""The garbage collection of a program stays as the program set it."""

from __future__ import annotations

import gc

import pytest

from kiwoom.sim.base.collecting import collection_paused


@pytest.mark.parametrize("wanted", [True, False])
def test_the_collection_is_paused_and_then_as_it_was(wanted: bool) -> None:
    before = gc.isenabled()
    try:
        gc.enable() if wanted else gc.disable()
        with pytest.raises(ValueError, match="in the block"), collection_paused():
            assert not gc.isenabled()
            with collection_paused():
                pass
            assert not gc.isenabled()
            raise ValueError("in the block")
        assert gc.isenabled() == wanted
    finally:
        gc.enable() if before else gc.disable()
