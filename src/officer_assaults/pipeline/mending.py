"""Mends compiled modules once it is imported: the fork server of workers only imports by name."""

from officer_assaults.compiled import mend

mend()
