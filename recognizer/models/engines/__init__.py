"""Run a neural graph: one small protocol, one file for each engine."""
