"""Every topic's studies put together: what the validation runs and what it is held against."""
