"""What the whole simulator stands on: the event engine, seeded draws, number formats."""
