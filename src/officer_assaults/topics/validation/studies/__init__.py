"""Validation: whether estimators keep what they promise where the truth is known."""
