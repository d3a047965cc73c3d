"""The state that all RPCs share about one control: clients, accounts, screens, paging, registrations."""
