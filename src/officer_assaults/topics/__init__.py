"""Topics: one question, one room; each has its data, its model and its report."""
