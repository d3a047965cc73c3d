"""The thread, or the event loop, that owns the control."""
