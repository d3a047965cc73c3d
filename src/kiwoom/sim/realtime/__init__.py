"""Real-time data: the table of real types, their payloads, the feeds that come by the clock, session notices."""
