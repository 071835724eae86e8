"""Validation: whether every method keeps what it promises where the truth is known."""
