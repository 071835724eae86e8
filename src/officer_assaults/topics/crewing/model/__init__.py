"""Models of crewing: cells in, ratios and policy values out."""
