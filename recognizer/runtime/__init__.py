"""Threads: sources, the caller and the sinks of a run; what watches the gallery and the process meanwhile."""
