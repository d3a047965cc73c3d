"""The interface files of the service and the message classes made from them (scripts/make_proto.py)."""
