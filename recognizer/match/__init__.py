"""Stage 6, MATCH: indexes that find the nearest enrolled person."""
