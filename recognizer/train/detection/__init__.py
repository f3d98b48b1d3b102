"""Teach the two nets of our own that find faces, where they may be and where they went; MTCNN is the teacher."""
