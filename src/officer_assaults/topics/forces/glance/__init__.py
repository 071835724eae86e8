"""A force at a glance: its newest figure, its place and its long series, for every force."""
