"""Audit: what the data hold, and what they can be used for."""
