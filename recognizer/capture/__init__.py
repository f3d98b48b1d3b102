"""Stage 1, SOURCE: frames come in, with their time and without credentials."""
