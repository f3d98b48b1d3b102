"""Check everything that a run needs, and say what to do about what is broken."""
