"""The base of the simulator: event engine, seeded draws, number formats, reports of failures."""
