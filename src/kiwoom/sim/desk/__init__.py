"""Taking orders: checks, order numbers, chejan notices."""
