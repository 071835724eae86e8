"""Justice: what follows a recorded assault."""
