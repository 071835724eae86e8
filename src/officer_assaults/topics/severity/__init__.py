"""Severity: whether assaults without injury grew faster than those with injury."""
