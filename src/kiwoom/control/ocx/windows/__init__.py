"""The Windows side of the OCX: its registration, its windows, its login, its hours."""
