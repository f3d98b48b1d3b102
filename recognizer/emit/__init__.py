"""Stage 8, SINK: tell what was seen: on a screen, in a video file, in a log."""
