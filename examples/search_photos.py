"""Which photos of a folder show this face? ``python examples/search_photos.py face.jpg photos/``."""

import sys
from pathlib import Path

from recognizer import FaceRecognizer

photo, folder = sys.argv[1:]
faces = FaceRecognizer()
wanted = faces.embed(photo)[0]  # the largest face
found = [
    (float((faces.embed(path) @ wanted).max(initial=-1)), path)
    for path in Path(folder).rglob("*")
    if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}
]
for similarity, path in sorted(found, reverse=True):
    print(f"{similarity:5.2f}  {path}")
