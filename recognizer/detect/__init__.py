"""Stage 2, DETECT: find the faces of a picture, and decide in which frames."""
