"""Reports of who was present: what they say, and as CSV, Excel and HTML."""
