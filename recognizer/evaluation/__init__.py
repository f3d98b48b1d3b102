"""Evaluate: published protocols, identification, and clips with a known truth."""
