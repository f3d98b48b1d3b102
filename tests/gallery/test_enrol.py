"""From a folder of photos to the record, with painted faces and real SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.errors import GalleryError
from recognizer.gallery.enrol import Enroller, measure
from recognizer.gallery.store import load_enrolled
from recognizer.match.exact_index import ExactIndex
from recognizer.models.published_specs import FACENET
from recognizer.types import U8, DetectionMode, Embeddings, FaceDetections
from tests.fakes import (
    PaintedFaceDetector,
    PaintedFaceEmbedder,
    face_picture,
    painted_vector,
    read_picture,
    save_picture,
)
from tests.gallery.painted import accepted, enroller, words


def test_photos_are_cut_as_the_embedder_declares(folder: Path) -> None:
    boxed = PaintedFaceEmbedder(spec=FACENET)
    found = measure(face_picture((4, 1)), detector=PaintedFaceDetector(), embedder=boxed).face
    assert found is not None
    thumbnail = cv2.imdecode(np.frombuffer(found.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert thumbnail is not None
    assert thumbnail.shape == (160, 160, 3)
    assert float(found.vector @ painted_vector(4, 1)) > 0.999


def test_enrolled_people_are_found_again(folder: Path) -> None:
    report = enroller().enrol(folder)
    assert report.people == ("Ada", "Bob")
    assert accepted(report) == {"Ada/1.png": True, "Ada/2.png": True, "Bob/1.png": True}
    index = ExactIndex(enrolled=load_enrolled(folder))
    probes = np.stack([painted_vector(1, 3), painted_vector(2, 5)])
    found = index.search(Embeddings(probes, np.ones(2, np.float32), "painted-0123456789ab"))
    assert found.names == ("Ada", "Bob")
    assert (found.similarities > 0.7).all()
    assert (found.runner_up < 0.3).all()


def test_reasons_are_given_in_words(folder: Path) -> None:
    save_picture(folder / "Ada" / "crowd.png", face_picture((1, 3), (2, 4)))
    save_picture(folder / "Ada" / "empty.png", np.full((50, 70, 3), 90, np.uint8))
    save_picture(folder / "Ada" / "small.png", face_picture((1, 4), side=56))
    save_picture(folder / "Ada" / "twice.png", face_picture((1, 1)))
    save_picture(folder / "Ada" / "wrong.png", face_picture((2, 9)))
    (folder / "Ada" / "broken.jpg").write_bytes(b"not a picture")
    report = enroller().enrol(folder)
    assert accepted(report) == {
        "Ada/1.png": True,
        "Ada/2.png": True,
        "Ada/broken.jpg": False,
        "Ada/crowd.png": True,
        "Ada/empty.png": False,
        "Ada/small.png": False,
        "Ada/twice.png": False,
        "Ada/wrong.png": False,
        "Bob/1.png": True,
    }
    assert words(report, "Ada/empty.png") == "no face found in 70 x 50 px"
    assert "2 faces; the most prominent was taken (middle, 120 px wide)" in words(report, "Ada/crowd.png")
    assert words(report, "Ada/small.png") == "18 px between the eyes, wanted 20"
    assert words(report, "Ada/twice.png") == "the same picture as 1.png"
    assert "unlike the person's other photos" in words(report, "Ada/wrong.png")
    assert "more like Bob (1.png)" in words(report, "Ada/wrong.png")
    assert "cannot be read" in words(report, "Ada/broken.jpg")


@pytest.mark.parametrize(
    "raised", [RuntimeError("frame 0"), cv2.error("resize"), SyntaxError("broken"), MemoryError(), OSError(5, "EIO")]
)
@pytest.mark.parametrize("where", ["read", "detector"])
def test_any_error_on_one_photo_costs_that_photo(folder: Path, raised: Exception, where: str) -> None:
    bad = folder / "Ada" / "2.png"

    def read(path: Path) -> U8:
        if where == "read" and path == bad:
            raise raised
        return read_picture(path)

    class Detector(PaintedFaceDetector):
        def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
            if where == "detector" and np.array_equal(images[0], read_picture(bad)):
                raise raised
            return super().detect(images)

    report = replace(enroller(), read=read, detector=Detector()).enrol(folder)
    assert accepted(report) == {"Ada/1.png": True, "Ada/2.png": False, "Bob/1.png": True}
    assert str(raised) in words(report, "Ada/2.png")


@pytest.mark.parametrize("raised", [MemoryError(), OSError(5, "Input/output error")])
def test_a_photo_is_tried_again_after_a_failure_that_may_pass(folder: Path, raised: Exception) -> None:
    def fail(path: Path) -> U8:
        raise raised

    assert not any(accepted(replace(enroller(), read=fail).enrol(folder)).values())
    assert all(accepted(enroller().enrol(folder)).values())


def test_a_photo_that_vanishes_before_it_is_read_is_read_when_it_is_back(folder: Path) -> None:
    photo = folder / "Ada" / "2.png"
    data = photo.read_bytes()

    def read(path: Path) -> U8:
        photo.unlink(missing_ok=True)
        return read_picture(path)

    assert accepted(replace(enroller(), read=read).enrol(folder))["Ada/2.png"] is False
    photo.write_bytes(data)
    assert accepted(enroller().enrol(folder))["Ada/2.png"] is True


def test_a_damaged_photo_is_worked_on_once(folder: Path) -> None:
    (folder / "Ada" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    report = enroller().enrol(folder)
    assert accepted(report)["Ada/broken.jpg"] is False
    assert not any(photo.processed for photo in enroller().enrol(folder).photos)


def test_someone_with_one_poor_photo_is_enrolled_with_a_warning(folder: Path) -> None:
    save_picture(folder / "Cleo" / "1.png", face_picture((3, 1), side=56))
    (folder / "Dora").mkdir()
    report = enroller().enrol(folder)
    assert report.people == ("Ada", "Bob", "Cleo")
    assert report.without_photo == ("Dora",)
    assert "taken for want of a better one" in words(report, "Cleo/1.png")
    save_picture(folder / "Cleo" / "2.png", face_picture((3, 2)))
    assert accepted(enroller().enrol(folder))["Cleo/1.png"] is False


def test_a_photo_that_changes_while_it_is_read_is_left_for_the_next_run(folder: Path) -> None:
    growing = folder / "Bob" / "1.png"

    def read(path: Path) -> U8:
        image = read_picture(path)
        if path == growing:
            path.write_bytes(path.read_bytes() + b"more")
        return image

    one = enroller()
    changing = Enroller(
        detector=one.detector, embedder=one.embedder, read=read, suffixes=one.suffixes, limits=one.limits
    )
    report = changing.enrol(folder)
    assert "changed while it was being read" in words(report, "Bob/1.png")
    assert one.enrol(folder).people == ("Ada", "Bob")


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda path: None, "There is no gallery"),
        (lambda path: path.write_text("x"), "is a file"),
        (lambda path: path.mkdir(), "holds no photo"),
        (lambda path: save_picture(path / "loose.png", face_picture((1, 1))), "folder of a person"),
    ],
)
def test_what_is_no_gallery_is_refused_and_left_untouched(
    tmp_path: Path, make: Callable[[Path], object], wanted: str
) -> None:
    path = tmp_path / "people"
    make(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(GalleryError, match=wanted):
        enroller().enrol(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_gallery_where_nobody_has_a_usable_photo_is_reported(tmp_path: Path) -> None:
    save_picture(tmp_path / "Ada" / "1.png", np.full((50, 70, 3), 90, np.uint8))
    report = enroller().enrol(tmp_path)
    assert report.people == ()
    assert report.without_photo == ("Ada",)
    with pytest.raises(GalleryError, match="no photo was accepted"):
        load_enrolled(tmp_path)


def test_the_face_is_embedded_with_its_mirror_image() -> None:
    measured = measure(face_picture((1, 1)), detector=PaintedFaceDetector(), embedder=PaintedFaceEmbedder())
    assert measured.face is not None
    assert np.allclose(measured.face.vector, painted_vector(1, 1), atol=1e-6)
    thumbnail = cv2.imdecode(np.frombuffer(measured.face.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert thumbnail is not None
    assert thumbnail.shape == (112, 112, 3)
    assert np.abs(thumbnail[56, 56].astype(int) - (20, 200, 20)).max() < 12  # BGR again, not RGB


def test_a_picture_of_one_pixel_has_no_face() -> None:
    measured = measure(np.zeros((1, 1, 3), np.uint8), detector=PaintedFaceDetector(), embedder=PaintedFaceEmbedder())
    assert measured.face is None
