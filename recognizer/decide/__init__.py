"""Stage 7, DECIDE: collect the evidence of each track, and name it."""
