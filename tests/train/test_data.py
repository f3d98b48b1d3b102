"""The stream: a pure function of the seed and of the samples seen."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from recognizer.train import augment
from recognizer.train.crops import Crops, archive_crops, picture_crops
from recognizer.train.data import Position, rows_and_view, shrunk
from recognizer.train.teacher import Teacher, TeacherTable
from recognizer.types import F32, U8
from tests.train import factories


class CountingTeacher(Teacher):
    def __init__(self) -> None:
        super().__init__(name="edgeface_xxs", weights=Path("none"))
        self.looked = 0

    def __call__(self, crops: U8) -> F32:
        self.looked += len(crops)
        return np.eye(512, dtype=np.float32)[crops[:, 0, 0, 0]]

    def digest(self) -> str:
        return "counting"


def test_a_pass_shows_every_crop_once_and_the_next_pass_another_view() -> None:
    (first,) = rows_and_view(np.arange(10), crops=10, views=2, seed=3)
    (second,) = rows_and_view(np.arange(10, 20), crops=10, views=2, seed=3)
    (third,) = rows_and_view(np.arange(20, 30), crops=10, views=2, seed=3)
    assert [number for number, _ in (first, second, third)] == [0, 1, 0]
    assert all(sorted(rows.tolist()) == list(range(10)) for _, rows in (first, second, third))
    assert first[1].tolist() != second[1].tolist()


def test_a_batch_across_two_passes_is_split() -> None:
    parts = rows_and_view(np.arange(8, 12), crops=10, views=2, seed=3)
    assert [(number, len(rows)) for number, rows in parts] == [(0, 2), (1, 2)]


def test_processes_share_every_batch_and_a_late_start_sees_the_same_samples() -> None:
    one, two = (Position(start=0, steps=3, batch=4, rank=rank, processes=2) for rank in (0, 1))
    together = [np.sort(np.concatenate(parts)).tolist() for parts in zip(one.samples(), two.samples(), strict=True)]
    assert together == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    late = Position(start=8, steps=1, batch=4, rank=1, processes=2)
    assert [s.tolist() for s in late.samples()] == [s.tolist() for s in list(two.samples())[2:]]


def test_a_view_is_the_same_every_time_and_leaves_the_crop_alone() -> None:
    crop = factories.pictures(1)[0]
    before = crop.copy()
    views = [augment.view(crop, seed=1, row=row, number=number) for row in range(60) for number in (0, 1)]
    again = [augment.view(crop, seed=1, row=row, number=number) for row in range(60) for number in (0, 1)]
    assert all(np.array_equal(a, b) for a, b in zip(views, again, strict=True))
    assert len({view.tobytes() for view in views}) == len(views)
    assert {(view.shape, view.dtype.name) for view in views} == {((112, 112, 3), "uint8")}
    assert np.array_equal(crop, before)


def test_the_teacher_looks_at_each_view_once(tmp_path: Path) -> None:
    teacher = CountingTeacher()
    table = TeacherTable(teacher=teacher, folder=tmp_path, crops=5, views=2, seed=1)
    table.create()
    rows, faces = np.array([3, 1]), factories.pictures(2)
    first = table.vectors(rows, 1, faces)
    table.create()  # a second session finds the file and keeps it
    assert np.array_equal(table.vectors(rows, 1, faces), first)
    assert teacher.looked == 2
    table.vectors(rows, 0, faces)
    assert teacher.looked == 4
    assert np.allclose(np.linalg.norm(first, axis=1), 1)


def test_crops_read_rows_of_several_files_and_travel_light(tmp_path: Path) -> None:
    a, b = factories.pictures(3, seed=1), factories.pictures(4, seed=2)
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    crops = Crops([(tmp_path / "a.npy", np.arange(3)), (tmp_path / "b.npy", np.array([0, 3]))])
    assert len(crops) == 5
    assert np.array_equal(crops[2], a[2])
    assert np.array_equal(crops[4], b[3])
    sent = pickle.dumps(crops)
    assert len(sent) < 2000
    assert np.array_equal(pickle.loads(sent)[3], b[0])  # noqa: S301 - our own bytes


def test_a_picture_without_a_face_keeps_its_row(tmp_path: Path) -> None:
    import cv2

    paths = []
    for number, picture in enumerate(factories.pictures(3)):
        paths.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(paths[-1]), picture)
    answers = iter([factories.pictures(1, seed=9)[0], None, factories.pictures(1, seed=8)[0]])
    found = picture_crops(paths, lambda picture: next(answers), tmp_path / "cut.npy")
    assert found.tolist() == [True, False, True]
    assert np.load(tmp_path / "cut.npy").shape == (3, 112, 112, 3)
    again = picture_crops(paths, lambda picture: next(answers), tmp_path / "cut.npy")  # from the cache
    assert again.tolist() == found.tolist()


def test_archives_are_decoded_once_and_in_rgb(tmp_path: Path) -> None:
    import tarfile

    import cv2

    red = np.zeros((112, 112, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes BGR
    cv2.imwrite(str(tmp_path / "000.set.png"), red)
    with tarfile.open(tmp_path / "faces.tar", "w") as archive:
        archive.add(tmp_path / "000.set.png", "000.set.png")
    assert archive_crops([tmp_path / "faces.tar"], tmp_path / "faces.npy") == 1
    assert np.load(tmp_path / "faces.npy")[0, 5, 5].tolist() == [255, 0, 0]
    (tmp_path / "faces.tar").unlink()
    assert archive_crops([tmp_path / "faces.tar"], tmp_path / "faces.npy") == 1


def test_shrinking_averages_and_the_full_size_is_free() -> None:
    picture = factories.pictures(1)[0]
    assert shrunk(picture, 112) is picture
    assert np.array_equal(shrunk(picture, 56), picture[::2, ::2])
