"""The one training loop: settings, rounds, average, checkpoints; it knows none of its tasks."""
