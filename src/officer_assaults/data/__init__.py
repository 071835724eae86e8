"""Data: read, check and refuse files; hand out tidy frames."""
