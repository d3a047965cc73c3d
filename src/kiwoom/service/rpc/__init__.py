"""KOAPY's RPCs, one module each."""
