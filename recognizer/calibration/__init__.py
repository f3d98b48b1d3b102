"""Thresholds: the files they stand in, impostor distributions, false-name budgets, drift."""
