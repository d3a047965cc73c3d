"""KRX's rules: instruments, tick sizes, price limits, sessions, message texts."""
