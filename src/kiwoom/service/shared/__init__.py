"""What every RPC knows of one control: clients, accounts, screens, paging, registrations."""
