"""Stage 6, MATCH: who is enrolled, and who of them is nearest."""
