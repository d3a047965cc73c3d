"""The market now: live state, book ladder, candles, expected prices."""
