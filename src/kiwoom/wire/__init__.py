"""The interface files of the gRPC service and the message classes made from them (scripts/make_proto.py). Private."""
