"""Events on their way out: the hub, the streams, the encodings."""
