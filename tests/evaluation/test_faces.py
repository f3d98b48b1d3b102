from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.errors import ImageError, InputError
from recognizer.evaluation.faces import (
    EmbeddedPictures,
    Picture,
    VectorStore,
    cut_with,
    embed_pictures,
    picture_bytes,
    picture_file,
    take_aligned,
)
from recognizer.models.published_specs import FACENET
from recognizer.types import U8
from recognizer.types.spec import CropSpec, arcface_template
from tests.evaluation import trees
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, face_picture


def embed(pictures: list[Picture], folder: Path, embedder: PaintedFaceEmbedder) -> EmbeddedPictures:
    with VectorStore(folder, model=embedder.model, aligner="painted") as store:
        cut = cut_with(PaintedFaceDetector(), face_share=0.5)
        return embed_pictures(pictures, cut=cut, embedder=embedder, store=store)


def test_a_second_run_works_on_what_is_new_only(tmp_path: Path) -> None:
    for number in range(12):
        trees.paint(tmp_path / f"{number}.jpg", number, 1)
    files = [tmp_path / f"{number}.jpg" for number in range(12)]
    embedder = PaintedFaceEmbedder()
    first = embed([picture_file(path) for path in files[:9]], tmp_path / "cache", embedder)
    assert embedder.embedded == 18  # each with its mirror image
    second = embed([picture_file(path) for path in reversed(files)], tmp_path / "cache", embedder)
    assert embedder.embedded == 24
    np.testing.assert_array_equal(second.straight[::-1][:9], first.straight)
    trees.paint(files[0], 11, 7)
    embed([picture_file(path) for path in files], tmp_path / "cache", embedder)
    assert embedder.embedded == 26  # a changed picture is another
    odd = files[0].rename(tmp_path / os.fsdecode(b"\xff.jpg"))  # no UTF-8, as SQLite would want it
    embed([picture_file(odd)], tmp_path / "cache", embedder)
    assert embedder.embedded == 28


def test_interrupted_work_goes_on(tmp_path: Path) -> None:
    for number in range(11):
        trees.paint(tmp_path / f"{number}.jpg", number, 1)
    (tmp_path / "9.jpg").write_bytes(b"no picture")
    pictures = [picture_file(tmp_path / f"{number}.jpg") for number in range(11)]
    embedder = PaintedFaceEmbedder()
    with pytest.raises(ImageError, match=r"9\.jpg"):
        embed(pictures, tmp_path / "cache", embedder)
    assert embedder.embedded == 16
    embed(pictures[:9], tmp_path / "cache", embedder)
    assert embedder.embedded == 18


def test_any_error_on_one_picture_costs_that_picture(tmp_path: Path) -> None:
    for number in range(3):
        trees.paint(tmp_path / f"{number}.jpg", number, 1)
    pictures = [picture_file(tmp_path / f"{number}.jpg", str(number)) for number in range(3)]

    def damaged() -> U8:
        raise RuntimeError("frame 0")

    pictures[1] = replace(pictures[1], read=damaged)
    reported: list[str] = []
    embedder = PaintedFaceEmbedder()
    with VectorStore(tmp_path / "cache", model=embedder.model, aligner="painted") as store:
        kept = embed_pictures(
            pictures,
            cut=cut_with(PaintedFaceDetector(), face_share=0.5),
            embedder=embedder,
            store=store,
            on_unreadable=lambda picture, error: reported.append(str(error)),
        )
    assert len(kept.found) == 2
    assert reported == ["1: it cannot be searched for faces (frame 0); export it again, or leave it out."]


def test_a_picture_without_a_face_gives_its_middle_and_is_counted(tmp_path: Path) -> None:
    empty = np.full((200, 300, 3), 90, np.uint8)
    empty[99:101, 149:151] = (60, 90, 60)
    data = cv2.imencode(".png", empty)[1].tobytes()
    faces, found = cut_with(PaintedFaceDetector(), face_share=0.5)(empty)
    assert not found
    assert faces.crops[0, 56, 56].tolist() == [60, 90, 60]  # scaled by 112 / (0.5 * 200): the middle stays
    kept = embed([picture_bytes(data, "empty")], tmp_path, PaintedFaceEmbedder())
    assert kept.found.tolist() == [False]
    assert kept.quality.eyes_px.tolist() == [0.0]


def test_aligned_crops_are_taken_as_they_are() -> None:
    image = np.random.default_rng(0).integers(0, 255, (112, 112, 3), np.uint8)
    faces, found = take_aligned()(image)
    assert found
    np.testing.assert_array_equal(faces.crops[0], image[:, :, ::-1])
    assert take_aligned()(face_picture((1, 1)))[0].crops.shape == (1, 112, 112, 3)


def test_pictures_are_cut_as_the_embedder_declares() -> None:
    picture = face_picture((5, 2), width=300)
    faces, found = cut_with(PaintedFaceDetector(), face_share=0.5, cut=FACENET.crop)(picture)
    assert found
    assert faces.crops.shape == (1, 160, 160, 3)
    assert (faces.crops[0] == (40, 200, 100)).all()  # the painted square, and nothing of what lies round it
    empty = np.full((200, 300, 3), 90, np.uint8)
    empty[50:150, 100:200] = 10
    middle, found = cut_with(PaintedFaceDetector(), face_share=0.5, cut=FACENET.crop)(empty)
    assert not found
    assert (middle.crops == 10).all()
    crop = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    np.testing.assert_array_equal(take_aligned(FACENET.crop)(crop)[0].crops[0], crop[:, :, ::-1])
    wide = CropSpec(224, arcface_template(224))
    large = np.random.default_rng(0).integers(0, 255, (224, 224, 3), np.uint8)
    np.testing.assert_array_equal(take_aligned(wide)(large)[0].crops[0], large[:, :, ::-1])


def test_flip_adds_vectors_before_they_are_scaled() -> None:
    straight, mirrored = np.zeros((1, 512), np.float32), np.zeros((1, 512), np.float32)
    straight[0, 0], mirrored[0, 1] = 3, 4
    faces = EmbeddedPictures(straight, mirrored, np.ones(1, bool), None)  # type: ignore[arg-type]
    np.testing.assert_allclose(faces.vectors(flip=True)[0, :2], [0.6, 0.8])
    np.testing.assert_allclose(faces.vectors(flip=False)[0, :2], [1, 0])


def test_a_missing_picture_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jpg"):
        picture_file(tmp_path / "gone.jpg")
