"""A stand-in: nothing of it is used by the client."""
