"""Claims: what others say, and what the figures say of it."""
