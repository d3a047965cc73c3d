"""A control at the other end of a wire: one module per wire."""
