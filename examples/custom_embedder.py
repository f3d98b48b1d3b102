"""An embedder of one's own: ``python examples/custom_embedder.py one.jpg other.jpg``.

This one is no network: a face is 16 x 16 grey pixels. It shows the seam, and recognises badly. A network in an ONNX
file needs no code at all: ``--model FILE.onnx --spec insightface``.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from recognizer.app import build, photos
from recognizer.app.config import load
from recognizer.capture.pictures import read_picture
from recognizer.types import AlignedFaces, Embeddings
from recognizer.types.spec import CropSpec, EmbedderSpec


class GreyPixels:
    """Turns aligned faces into vectors."""

    model = "grey-pixels-1"
    spec = EmbedderSpec(crop=CropSpec(size_px=112), dimension=256)

    def embed(self, faces: AlignedFaces) -> Embeddings:
        """Return one row for each of (K, 112, 112, 3) uint8 RGB crops."""
        small = [cv2.resize(crop.mean(axis=2), (16, 16), interpolation=cv2.INTER_AREA).ravel() for crop in faces.crops]
        pixels = np.array(small, np.float32).reshape(len(faces), 256)
        pixels -= pixels.mean(axis=1, keepdims=True)
        norms = np.maximum(np.linalg.norm(pixels, axis=1), 1e-6).astype(np.float32)
        return Embeddings(pixels / norms[:, None], norms, self.model)


detector = build.photo_detector(load())
vectors = []
for path in sys.argv[1:3]:
    picture = read_picture(Path(path))
    measured = photos.prominent_face(picture, path, detector=detector, embedder=GreyPixels(), min_face_px=40)
    assert measured.face is not None
    vectors.append(measured.face.vector)
print(f"similarity {vectors[0] @ vectors[1]:.2f}")
