"""Stage 3, TRACK: follow each face between detections."""
