"""Thresholds: calibration files, impostor distributions, false-name budgets, drift."""
