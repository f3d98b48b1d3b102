"""Export the history, and import exports and event logs."""
