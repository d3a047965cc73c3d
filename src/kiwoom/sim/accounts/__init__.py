"""Money and holdings: the accounts and the ledger."""
