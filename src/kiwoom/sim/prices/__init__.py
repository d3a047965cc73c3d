"""How prices are generated or read: daily history, minutes, trades, indices, interruptions, data files."""
