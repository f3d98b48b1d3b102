"""Index videos that were recorded before: who appears in which file, and when."""
