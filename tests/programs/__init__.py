"""Whole programs in the manner of those that people wrote for the OCX, and the tests that run them."""
