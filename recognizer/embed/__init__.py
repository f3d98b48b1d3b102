"""Stage 5, EMBED: turn an aligned face into a vector of unit length."""
