"""Intake: from what a force's systems export to crew cells, by a mapping that a person confirms."""
