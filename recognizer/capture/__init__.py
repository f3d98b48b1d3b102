"""Stage 1, CAPTURE: read frames, with their time and without credentials."""
