"""Status codes, security and settings, on which the rest of the service stands."""
