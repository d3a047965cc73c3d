"""What the server sends without being asked: feeds, payloads, session notices."""
