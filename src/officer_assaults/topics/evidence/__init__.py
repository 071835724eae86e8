"""Evidence: what real crewing data from elsewhere show."""
