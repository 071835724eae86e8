"""The crewing report: its words, tables, figures and findings."""
