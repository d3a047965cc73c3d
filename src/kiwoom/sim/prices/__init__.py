"""How prices come about: daily history, minutes, trades, indices, interruptions, data files."""
