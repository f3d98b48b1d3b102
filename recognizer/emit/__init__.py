"""Stage 8, EMIT: report what was seen: on a screen, in a video file, in a log."""
