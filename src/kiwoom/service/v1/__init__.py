"""Our own wire, `kiwoom.v1`: calls in batches, events in order."""
