"""Sources: read files, check them against their schema, and refuse what is wrong."""
