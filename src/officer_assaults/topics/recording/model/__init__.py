"""Models of recording: bounds, priors and panels of how much recording explains."""
