"""The gRPC service: one control, many clients. `server` serves, `client` asks."""
