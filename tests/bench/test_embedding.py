from __future__ import annotations

from recognizer.bench.embedding import repeated, scaled
from recognizer.types import AlignedFaces


def test_faces_are_as_large_as_a_network_wants_them() -> None:
    faces = repeated(AlignedFaces.empty(), 3)
    faces.crops[1, :56] = 9
    large = scaled(faces, 160)
    assert large.crops.shape == (3, 160, 160, 3)
    assert large.crops[1, :80].max() == 9
    assert large.crops[1, 80:].min() == 127
    assert scaled(faces, 112) is faces
