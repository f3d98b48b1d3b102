"""Stage 7, DECIDE: evidence of each track, and who that makes it."""
