"""Recording: how much of a rise could be better recording."""
