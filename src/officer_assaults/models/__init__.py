"""Models: statistics as pure functions, DataFrame in and frozen dataclass out."""
