"""What the account TRs show of an account."""
