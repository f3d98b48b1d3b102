"""Proof: published protocols, identification, clips with a known truth, and thresholds that keep a promise."""
