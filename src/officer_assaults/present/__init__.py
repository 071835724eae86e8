"""Present: turn results into figures, tables, words and pages, with disclosure control."""
