"""The real types that come by the clock, by subject. `kinds` has all of them in its table."""
