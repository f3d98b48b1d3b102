"""Stage 5, EMBED: an aligned face becomes a vector of unit length."""
