"""The stream: a pure function of the seed and of the samples seen."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import ImageError
from recognizer.evaluation.faces import Picture, picture_bytes, picture_file
from recognizer.metrics import Bools
from recognizer.train.crops import Crops, CutFace, archive_crops, picture_crops, yaws
from recognizer.train.embedder import augment
from recognizer.train.embedder.data import TaughtFaces, rows_and_view, shrunk
from recognizer.train.embedder.teacher import Teacher, TeacherTable
from recognizer.train.loop.data import Position
from recognizer.types import F32, U8
from tests.train import factories


class CountingTeacher(Teacher):
    def __init__(self) -> None:
        super().__init__(name="edgeface_xxs", weights=Path("none"))
        self.seen_count = 0

    def __call__(self, crops: U8) -> F32:
        self.seen_count += len(crops)
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


def test_the_teacher_embeds_each_view_once(tmp_path: Path) -> None:
    teacher = CountingTeacher()
    faces_known = factories.crops(tmp_path, "faces.npy", 5)
    table = TeacherTable(teacher=teacher, folder=tmp_path, faces=faces_known, views=2, seed=1)
    table.create()
    rows, faces = np.array([3, 1]), factories.pictures(2)
    first = table.vectors(rows, 1, faces)
    table.create()  # a second session finds the file and keeps it
    assert np.array_equal(table.vectors(rows, 1, faces), first)
    assert teacher.seen_count == 2
    table.vectors(rows, 0, faces)
    assert teacher.seen_count == 4
    assert np.allclose(np.linalg.norm(first, axis=1), 1)
    others = factories.crops(tmp_path, "faces-cut-otherwise.npy", 5)
    fresh = TeacherTable(teacher=teacher, folder=tmp_path, faces=others, views=2, seed=1)
    fresh.create()
    fresh.vectors(rows, 1, faces)
    assert teacher.seen_count == 6, "what it saw of other faces is not taken for these"


def test_turned_faces_are_shown_again_in_the_same_pass_in_other_views(tmp_path: Path) -> None:
    faces = factories.crops(tmp_path, "faces.npy", 5)
    table = TeacherTable(teacher=CountingTeacher(), folder=tmp_path, faces=faces, views=4, seed=1)
    table.create()
    source = TaughtFaces(faces=faces, table=table, views=4, seed=1, again=np.array([3, 1, 3, 1]))
    every = {
        augment.view(faces[row], seed=1, row=row, number=n).tobytes(): (row, n) for row in range(5) for n in range(4)
    }
    for number in range(2):
        shown, wanted = source.batch(np.arange(9) + 9 * number)
        seen = [every[picture.tobytes()] for picture in shown]
        assert sorted(row for row, _ in seen) == [0, 1, 1, 1, 2, 3, 3, 3, 4]
        assert len(set(seen)) == 9
        assert {view for row, view in seen if row in (0, 2, 4)} == {number}
        known = [int(vector.argmax()) for vector in wanted]
        assert known == [int(picture[0, 0, 0]) for picture in shown], "each picture goes with its own vector"


def test_yaws_are_measured_once(tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", factories.pictures(3))
    answers = iter([10.0, -40.0, 0.5])
    first = yaws(tmp_path / "faces.npy", lambda face: next(answers))
    assert first.tolist() == [10.0, -40.0, 0.5]
    assert np.array_equal(yaws(tmp_path / "faces.npy", lambda face: next(answers)), first)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces.npy", "faces.yaw.npy"]


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
    pictures = [picture_file(path) for path in paths]
    answers = iter([factories.pictures(1, seed=9)[0], None, factories.pictures(1, seed=8)[0]])
    cache, found = cut_into(tmp_path, pictures, lambda picture: next(answers))
    assert found.tolist() == [True, False, True]
    assert np.load(cache).shape == (3, 112, 112, 3)
    again = cut_into(tmp_path, pictures, lambda picture: next(answers))  # from the cache
    assert (again[0], again[1].tolist()) == (cache, found.tolist())


def cut_into(folder: Path, pictures: list[Picture], cut: CutFace | None, *, min_px: int = 40) -> tuple[Path, Bools]:
    return picture_crops(pictures, cut, min_px=min_px, folder=folder / "cache", name="cut")


def test_another_smallest_face_or_picture_is_cut_anew(tmp_path: Path) -> None:
    import cv2

    one, two = factories.pictures(2)
    calls = []

    def cut(picture: U8) -> U8:
        calls.append(picture)
        return picture

    cv2.imwrite(str(tmp_path / "a.png"), one)
    picture = picture_file(tmp_path / "a.png")
    first, _ = cut_into(tmp_path, [picture], cut)
    assert cut_into(tmp_path, [picture], cut)[0] == first
    assert len(calls) == 1
    smaller, _ = cut_into(tmp_path, [picture], cut, min_px=20)
    assert smaller != first
    assert len(calls) == 2
    aligned, _ = cut_into(tmp_path, [picture], None)
    assert np.array_equal(np.load(aligned)[0], one[..., ::-1])
    cv2.imwrite(str(tmp_path / "a.png"), two)
    changed, _ = cut_into(tmp_path, [picture_file(tmp_path / "a.png")], cut)
    assert np.array_equal(np.load(changed)[0], two)
    assert np.array_equal(np.load(first)[0], one)
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == [".npy"] * 8, "no part is left behind"


def test_a_cache_that_was_not_finished_is_none(tmp_path: Path) -> None:
    pictures = [picture_bytes(b"no picture", "broken")]
    with pytest.raises(ImageError, match="broken"):
        cut_into(tmp_path, pictures, None)
    assert not list((tmp_path / "cache").glob("*.npy"))


def test_archives_are_decoded_once_and_in_rgb(tmp_path: Path) -> None:
    import tarfile

    import cv2

    red = np.zeros((112, 112, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes BGR
    cv2.imwrite(str(tmp_path / "000.set.png"), red)
    with tarfile.open(tmp_path / "faces.tar", "w") as archive:
        archive.add(tmp_path / "000.set.png", "000.set.png")
    cache, count = archive_crops([tmp_path / "faces.tar"], tmp_path / "cache")
    assert count == 1
    assert np.load(cache)[0, 5, 5].tolist() == [255, 0, 0]
    written = cache.stat().st_mtime_ns
    assert archive_crops([tmp_path / "faces.tar"], tmp_path / "cache") == (cache, 1)
    assert cache.stat().st_mtime_ns == written
    with tarfile.open(tmp_path / "faces.tar", "w") as archive:
        archive.add(tmp_path / "000.set.png", "000.set.png")
        archive.add(tmp_path / "000.set.png", "001.set.png")
    assert archive_crops([tmp_path / "faces.tar"], tmp_path / "cache")[1] == 2, "a changed archive is read anew"


def test_shrinking_averages_and_the_full_size_is_free() -> None:
    picture = factories.pictures(1)[0]
    assert shrunk(picture, 112) is picture
    assert np.array_equal(shrunk(picture, 56), picture[::2, ::2])
