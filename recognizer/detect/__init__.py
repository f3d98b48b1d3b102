"""Stage 2, DETECT: find the faces of a picture, and know when it is time to look."""
