"""
The gRPC service: one control, many clients. `server` serves, `client` asks.

Public is `kiwoom.service.client`; the other modules are private.
"""
