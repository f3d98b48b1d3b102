"""``FaceRecognizer``: what it takes and gives, the gallery, streams, threads and pickles; with the shipped model."""

from __future__ import annotations

import doctest
import io
import pickle
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from loguru import logger
from PIL import Image

import recognizer
from recognizer import api
from recognizer.api import Enrolment, FaceRecognizer
from recognizer.app import results
from recognizer.app.images import as_bgr
from recognizer.demo import demo_clip
from recognizer.demo.demo_clip import MEDIA
from recognizer.emit.video import VideoWriter
from recognizer.errors import ConfigError, GalleryError, ImageError, SourceError
from recognizer.types import EventKind, Frame, FrameResult, Status, Tracks, frame, identities
from recognizer.types import faces as tracks

OBAMA = ("barack_obama_2009.jpg", "barack_obama_2012.jpg")
OTHER_OBAMA = MEDIA / "barack_obama_2010.jpg"
COLLINS, HOPPER = MEDIA / "eileen_collins.jpg", MEDIA / "grace_hopper.jpg"
OWN = "edgeface_xxs_own"


def photos_in(folder: Path) -> Path:
    """A gallery of two people, not enrolled yet."""
    for person, files in (("Barack Obama", OBAMA), ("Eileen Collins", (COLLINS.name,))):
        (folder / person).mkdir(parents=True)
        for file in files:
            shutil.copy(MEDIA / file, folder / person)
    return folder


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceRecognizer:
    return FaceRecognizer(photos_in(tmp_path_factory.mktemp("gallery")), model=OWN)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second and a half of the demonstration's clip: Barack Obama and Eileen Collins come into the picture."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with VideoWriter(path, render=lambda result: result.frame.image, quantiser=18) as writer:
        for index, (at_s, image) in zip(range(40), demo_clip.frames(), strict=False):
            writer.emit(FrameResult(Frame(image, index, at_s, "clip"), Tracks.empty(), (), ()))
    return path


def bgr(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.long
def test_its_examples_are_right() -> None:
    logger.disable("recognizer")
    try:
        for module, least in {api: 5, results: 5, identities: 5, frame: 2, tracks: 2}.items():
            outcome = doctest.testmod(module)
            assert outcome.failed == 0
            assert outcome.attempted >= least
    finally:
        logger.enable("recognizer")


@pytest.mark.parametrize("module", [api, results])
def test_every_public_name_says_what_it_is_and_shows_its_use(module: object) -> None:
    classes = [FaceRecognizer] if module is api else [v for v in vars(results).values() if isinstance(v, type)]
    for owner in classes:
        if owner.__module__ != getattr(module, "__name__", None):
            continue
        members = [value for name, value in vars(owner).items() if name[0] != "_" and owner is FaceRecognizer]
        for member in [owner, *members]:
            assert ">>>" in (member.__doc__ or ""), member


def test_the_class_is_a_name_of_the_package() -> None:
    assert recognizer.FaceRecognizer is FaceRecognizer
    with pytest.raises(AttributeError, match="no attribute 'FaceFinder'"):
        _ = recognizer.FaceFinder  # type: ignore[attr-defined]


def test_new_photos_are_enrolled_when_it_is_made(faces: FaceRecognizer) -> None:
    assert faces.people == ("Barack Obama", "Eileen Collins")


def test_it_names_an_enrolled_person_and_no_stranger(faces: FaceRecognizer) -> None:
    [known], [stranger] = faces.identify(OTHER_OBAMA), faces.identify(HOPPER)
    assert (known.name, known.status) == ("Barack Obama", Status.KNOWN)
    assert (stranger.name, stranger.status) == (None, Status.UNKNOWN)
    assert stranger.similarity < 0.35 < known.similarity
    assert known.quality.eyes_px > 20
    assert len(known.landmarks) == 5


KINDS: dict[str, Callable[[Path], api.ImageLike]] = {
    "text": str,
    "path": lambda path: path,
    "bytes": lambda path: path.read_bytes(),
    "pillow": Image.open,
    "array": lambda path: np.ascontiguousarray(np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_every_kind_gives_the_same_vector(faces: FaceRecognizer, kind: str) -> None:
    np.testing.assert_allclose(faces.embed(KINDS[kind](HOPPER)), faces.embed(HOPPER), atol=1e-6)


def test_the_colour_order_of_arrays_can_be_set(faces: FaceRecognizer) -> None:
    in_rgb = FaceRecognizer(model=OWN, colour="rgb")
    image = bgr(HOPPER)
    np.testing.assert_allclose(in_rgb.embed(image[:, :, ::-1]), faces.embed(image), atol=1e-6)
    assert float((in_rgb.embed(image) @ faces.embed(image).T)[0, 0]) < 0.999
    with pytest.raises(ValueError, match="colour: wanted one of bgr, rgb, got 'grb'"):
        FaceRecognizer(model=OWN, colour="grb")  # type: ignore[arg-type]


def test_a_transparent_picture_lies_on_white_and_a_turned_one_is_upright() -> None:
    glass = Image.new("RGBA", (4, 2), (10, 20, 30, 0))
    assert as_bgr(glass).tolist() == np.full((2, 4, 3), 255).tolist()
    turned = Image.new("RGB", (4, 2), (10, 20, 30))
    turned.getexif()[274] = 6
    file = io.BytesIO()
    turned.save(file, "JPEG", exif=turned.getexif())
    assert as_bgr(Image.open(file)).shape == as_bgr(file.getvalue()).shape == (4, 2, 3)


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        ("no/such.jpg", ImageError, "there is no such file"),
        (b"not a picture", ImageError, "got text"),
        (12, TypeError, "got int"),
        (np.zeros((8, 8), np.uint8), ValueError, r"\(8, 8\) uint8"),
        (np.zeros((8, 8, 3), np.float32), ValueError, "float32"),
        (np.zeros((0, 8, 3), np.uint8), ValueError, r"\(0, 8, 3\)"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    faces: FaceRecognizer, image: api.ImageLike, error: type[Exception], words: str
) -> None:
    for method in (faces.detect, faces.embed, faces.identify, lambda image: faces.verify(HOPPER, image)):
        with pytest.raises(error, match=words):
            method(image)


def test_several_faces_come_largest_first_in_one_order(faces: FaceRecognizer) -> None:
    portraits = [cv2.resize(bgr(path), (side, side)) for path, side in ((COLLINS, 200), (HOPPER, 400))]
    wide = np.full((400, 700, 3), 127, np.uint8)
    wide[:200, :200], wide[:400, 250:650] = portraits
    first, second = faces.detect(wide)
    assert first.box[0] > 250 > second.box[0]
    vectors = faces.embed(wide)
    alone = np.concatenate([faces.embed(HOPPER), faces.embed(COLLINS)])
    assert ((vectors * alone).sum(axis=1) > 0.6).all()


def test_where_nobody_is_there_is_nothing(faces: FaceRecognizer) -> None:
    grey = np.full((120, 160, 3), 127, np.uint8)
    assert faces.detect(grey) == faces.identify(grey) == []
    assert faces.embed(grey).shape == (0, 512)
    with pytest.raises(ImageError, match=r"No face was found in picture 2; wanted one, at least 40 px"):
        faces.verify(HOPPER, grey)


def test_verification_is_the_cosine_of_the_vectors(faces: FaceRecognizer) -> None:
    answer = faces.verify(MEDIA / OBAMA[0], OTHER_OBAMA)
    one, other = faces.embed(MEDIA / OBAMA[0]), faces.embed(OTHER_OBAMA)
    assert answer.match is True
    assert answer.similarity == pytest.approx(float(one[0] @ other[0]), abs=1e-4)
    assert answer.model == faces.model
    assert answer.threshold is not None
    assert answer.similarity >= answer.threshold


def test_enrolling_copies_photos_and_is_seen_at_once(tmp_path: Path) -> None:
    gallery = tmp_path / "new"
    faces = FaceRecognizer(gallery, model=OWN)
    with pytest.raises(GalleryError, match=r"Nobody is enrolled in .*new.* enrol\("):
        faces.identify(HOPPER)
    assert faces.enrol("Grace Hopper", [str(HOPPER)]) == Enrolment("Grace Hopper", ("grace_hopper.jpg",), ())
    assert [face.name for face in faces.identify(HOPPER)] == ["Grace Hopper"]
    done = faces.enrol("Eileen Collins", [Image.open(COLLINS), np.full((99, 99, 3), 9, np.uint8)])
    assert (len(done.accepted), [why for _, why in done.refused]) == (1, ["no face found in 99 x 99 px"])
    assert [face.name for face in faces.identify(COLLINS)] == ["Eileen Collins"]
    assert faces.people == ("Eileen Collins", "Grace Hopper")


def test_the_same_photo_is_kept_once_and_another_of_its_name_beside_it(tmp_path: Path) -> None:
    faces = FaceRecognizer(tmp_path / "gallery", model=OWN)
    folder = tmp_path / "gallery" / "Barack Obama"
    other = tmp_path / OBAMA[0]
    shutil.copy(MEDIA / OBAMA[1], other)
    faces.enrol("Barack Obama", [MEDIA / OBAMA[0]])
    faces.enrol("barack obama", [MEDIA / OBAMA[0], other])
    assert len(list(folder.iterdir())) == 2
    assert faces.people == ("Barack Obama",)


def test_photos_that_cannot_be_used_are_not_kept(tmp_path: Path) -> None:
    gallery = photos_in(tmp_path / "gallery")
    faces = FaceRecognizer(gallery, model=OWN)
    with pytest.raises(GalleryError, match=r"None of the photos of Nobody can be used: .*no face found"):
        faces.enrol("Nobody", [np.full((99, 99, 3), 9, np.uint8)])
    assert not (gallery / "Nobody").exists()
    with pytest.raises(GalleryError, match="a name is never a path"):
        faces.enrol("../Nobody", [HOPPER])
    with pytest.raises(TypeError, match="put it into a list"):
        faces.enrol("Grace Hopper", HOPPER)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one picture"):
        faces.enrol("Grace Hopper", [])
    assert faces.people == ("Barack Obama", "Eileen Collins")


def test_without_a_gallery_only_names_are_missing() -> None:
    faces = FaceRecognizer(model=OWN)
    assert len(faces.detect(HOPPER)) == 1
    for use in (lambda: faces.identify(HOPPER), lambda: faces.enrol("Ada", [HOPPER]), lambda: faces.stream("0")):
        with pytest.raises(GalleryError, match="No gallery was given"):
            use()


def test_settings_come_from_a_file_or_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("detect: {onet_threshold: 1}\n")
    for config in (file, str(file), {"detect": {"onet_threshold": 1}}):
        assert FaceRecognizer(model=OWN, config=config).detect(HOPPER) == []
    with pytest.raises(ConfigError, match=r"unknown key 'detect\.min_face'"):
        FaceRecognizer(model=OWN, config={"detect": {"min_face": 300}})
    with pytest.raises(ConfigError, match="'detect': wanted keys and values, got a int"):
        FaceRecognizer(model=OWN, config={"detect": 300})


def test_a_stream_gives_every_frame_and_names_the_face(faces: FaceRecognizer, clip: Path) -> None:
    results = list(faces.stream(clip))
    frames = dict.fromkeys(result.frame.index for result in results)
    assert list(frames) == list(range(40))
    named = {who.name for result in results for who in result.identities}
    assert "Barack Obama" in named
    assert named <= {"Barack Obama", "Eileen Collins", None}
    kinds = [event.kind for result in results for event in result.events]
    assert (kinds[0], kinds[-1]) == (EventKind.APPEARED, EventKind.LOST)


def test_leaving_a_stream_closes_its_source_and_threads(faces: FaceRecognizer, clip: Path) -> None:
    before = set(threading.enumerate())
    for number, _ in enumerate(faces.stream(clip)):
        if number == 3:
            break
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= before


def test_a_missing_source_is_refused_before_any_work(faces: FaceRecognizer, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        faces.stream(tmp_path / "missing.mp4")


def test_somebody_enrolled_while_a_stream_runs_is_named_in_it(tmp_path: Path, clip: Path) -> None:
    gallery = tmp_path / "gallery"
    faces = FaceRecognizer(gallery, model=OWN)
    faces.enrol("Eileen Collins", [COLLINS])
    names = set()
    for number, result in enumerate(faces.stream(clip)):
        if number == 0:
            faces.enrol("Barack Obama", [MEDIA / file for file in OBAMA])
        names |= {who.name for who in result.identities}
    assert "Barack Obama" in names


def test_threads_get_what_one_thread_gets(faces: FaceRecognizer) -> None:
    paths = [MEDIA / OBAMA[0], OTHER_OBAMA, COLLINS, HOPPER] * 3
    alone = [[(face.name, face.similarity) for face in faces.identify(path)] for path in paths]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(faces.identify, paths))
    for one, other in zip(alone, together, strict=True):
        assert [(face.name, face.similarity) for face in other] == one


def test_what_it_returns_can_be_pickled(faces: FaceRecognizer, clip: Path) -> None:
    values: list[object] = [*faces.detect(HOPPER), *faces.identify(OTHER_OBAMA), faces.verify(HOPPER, COLLINS)]
    assert pickle.loads(pickle.dumps(values)) == values  # noqa: S301 - our own bytes
    result = next(result for result in faces.stream(clip) if result.identities)
    copy = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(copy.frame.image, result.frame.image)
    np.testing.assert_array_equal(copy.tracks.boxes, result.tracks.boxes)
    assert copy.identities[0].status is result.identities[0].status
    assert not copy.frame.image.flags.writeable
