"""Matching: the order book, the venue, the side boards, orders."""
