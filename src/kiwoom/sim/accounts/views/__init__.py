"""The figures of the account TRs, made from an account."""
