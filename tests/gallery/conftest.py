"""A folder of photos of two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import face_picture, save_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    gallery = tmp_path / "people"
    save_picture(gallery / "Ada" / "1.png", face_picture((1, 1)))
    save_picture(gallery / "Ada" / "2.png", face_picture((1, 2)))
    save_picture(gallery / "Bob" / "1.png", face_picture((2, 1)))
    return gallery
