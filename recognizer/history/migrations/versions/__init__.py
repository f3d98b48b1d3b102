"""One file for each level, in order."""
