"""Tests of the compatibility layer."""
