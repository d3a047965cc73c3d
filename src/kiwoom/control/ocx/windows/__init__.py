"""What a control needs of Windows: the registration of the OCX, its windows, its login, its hours."""
