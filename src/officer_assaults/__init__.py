"""What is behind the numbers of assaults on police officers."""

__version__ = "0.3.0"
