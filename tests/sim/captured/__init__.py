"""
What the real servers sent, a few values of each field, to hold the simulator's formats against.

One module a kind of message; each says where its values come from. Account numbers are masked. `REST sibling` is the
vendor's REST interface, whose messages have the same fields.
"""
