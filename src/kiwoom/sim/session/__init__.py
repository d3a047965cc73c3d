"""One connection: the control, its screens, its deliveries, its faults."""
