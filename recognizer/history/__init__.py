"""What was seen: tracks with their best samples in a database, to be listed, searched and reported."""
