from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.errors import HistoryError
from recognizer.history.clusters import list_clusters, update_clusters
from recognizer.history.contact_sheet import MOST_ROWS, SheetRow, cluster_sheet, contact_sheet, track_sheet
from recognizer.history.crops import best_crops, best_crops_of_tracks, crops_of_track
from recognizer.history.database import Database
from recognizer.history.encryption import AesGcm
from recognizer.history.keyed import open_with_key
from recognizer.history.records import Sample, TrackRecord
from recognizer.history.rows import insert_run, save_tracks
from recognizer.types import U8, FaceQuality
from tests.history.history_records import NOON, near, record, unit


def grey(shade: int) -> U8:
    return np.full((40, 30, 3), shade, np.uint8)


def shade(jpeg: bytes) -> int:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return round(float(image.mean()))


def stranger(number: int, *faces: tuple[float, float, int], eyes_px: float = 40.0) -> TrackRecord:
    """An unknown track; of each sample the cosine to vector 1, the face score and the crop's shade (0: no crop)."""
    kept = tuple(
        Sample(
            NOON,
            near(unit(1), cosine, 100 * number + place),
            FaceQuality.of(eyes_px, 90.0, 0.0, 0.0, score),
            grey(tone) if tone else None,
        )
        for place, (cosine, score, tone) in enumerate(faces)
    )
    return dataclasses.replace(record(number, person=None, source=f"/clips/door{number}.mp4"), samples=kept)


def fill(history: Database, *records: TrackRecord) -> None:
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.42, 0.15))
        save_tracks(connection, run, records, cipher=history.cipher)


def test_crops_of_a_track_are_its_best_first(history: Database) -> None:
    fill(history, stranger(1, (1.0, 0.9, 60), (0.9, 0.8, 0), (0.9, 0.7, 120)), stranger(2, (1.0, 0.9, 200)))
    assert [shade(crop.jpeg) for crop in crops_of_track(history, 1)] == [60, 120]
    assert crops_of_track(history, 9) == []


def test_the_second_crop_is_the_most_different_good_one(history: Database) -> None:
    fill(
        history,
        stranger(1, (1.0, 0.99, 40), (0.999, 0.98, 80)),  # the same picture twice
        stranger(2, (0.6, 0.9, 120), (0.6, 0.3, 160)),  # another view, once good and once bad
    )
    found = best_crops_of_tracks(history, [1, 2], count=3)
    assert [shade(crop.jpeg) for crop in found][:2] == [40, 120]
    assert [crop.track_id for crop in found][:2] == [1, 2]
    assert len({crop.jpeg for crop in best_crops_of_tracks(history, [1, 2], count=9)}) == 4


def test_a_face_from_the_side_is_chosen_once(history: Database) -> None:
    sides = (FaceQuality.of(40.0, 90.0, 90.0, 0.0, 0.9), FaceQuality.of(40.0, 90.0, -90.0, 0.0, 0.9))
    samples = tuple(Sample(NOON, unit(place), side, grey(50 + 50 * place)) for place, side in enumerate(sides))
    fill(history, dataclasses.replace(record(1, person=None), samples=samples))
    assert sorted(shade(crop.jpeg) for crop in best_crops_of_tracks(history, [1])) == [50, 100]


def test_crops_of_an_encrypted_history(tmp_path: Path) -> None:
    key = bytes(32)
    history = open_with_key(tmp_path / "history", key, create=True)
    assert isinstance(history.cipher, AesGcm)
    fill(history, stranger(1, (1.0, 0.9, 60)))
    assert shade(crops_of_track(history, 1)[0].jpeg) == 60
    assert shade(best_crops_of_tracks(history, [1])[0].jpeg) == 60
    history.close()


def test_clusters_say_what_was_missing(history: Database) -> None:
    fill(history, stranger(1, (1.0, 0.9, 60)))
    update_clusters(history, model="model-1", threshold=0.42)
    (low,) = list_clusters(history, wanted=0.7)
    assert (low["closest"], low["wanted"], low["missing"]) == ("Ada 0.61, wanted 0.70", 0.7, ["wanted 0.70"])
    reasons = ("similarity 0.61 to Ada", "margin 0.05 to the next person, wanted 0.15")
    fill(history, dataclasses.replace(stranger(2, (-1.0, 0.9, 60)), reasons=reasons))
    update_clusters(history, model="model-1", threshold=0.42)
    near_miss = next(row for row in list_clusters(history) if row["track_ids"] == [2])
    assert near_miss["closest"] == "Ada 0.61, margin 0.05 to the next person, wanted 0.15"
    assert near_miss["wanted"] == 0.42


def test_the_sheet_has_a_row_for_each_cluster(history: Database) -> None:
    fill(history, stranger(1, (1.0, 0.9, 60), (0.9, 0.8, 120)), stranger(2, (-1.0, 0.9, 0)))
    update_clusters(history, model="model-1", threshold=0.42)
    found = list_clusters(history)
    sheet = cv2.imdecode(np.frombuffer(cluster_sheet(history, found), np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None
    assert len(found) == 2
    assert sheet.shape == (2 * 144 + 1, 8 + 300 + 2 * 136, 3)
    place = [row["track_ids"] for row in found].index([1])
    faces = sheet[144 * place + 60, [8 + 300 + 64, 8 + 300 + 136 + 64], 0]
    assert faces.tolist() == pytest.approx([60, 120], abs=3)
    assert [crop.track_id for crop in best_crops(history, found[place]["cluster"])] == [1, 1]


def test_without_crops_the_message_says_how_to_keep_them(history: Database) -> None:
    fill(history, stranger(1, (1.0, 0.9, 0)))
    update_clusters(history, model="model-1", threshold=0.42)
    with pytest.raises(HistoryError, match=r"history\.crops: true"):
        cluster_sheet(history, list_clusters(history))


def test_words_of_any_length_and_damaged_pictures_fit() -> None:
    long = SheetRow("Ada " * 40, ("one two three " * 30, "x" * 300, "שלום", "多多"), (b"no picture",) * 3)
    sheet = cv2.imdecode(np.frombuffer(contact_sheet([long, SheetRow("Bob")], title="t" * 500), np.uint8), 1)
    assert sheet is not None
    assert sheet.shape[1] == 8 + 300 + 3 * 136
    with pytest.raises(HistoryError, match="1 to 400 rows"):
        contact_sheet([SheetRow("Bob")] * (MOST_ROWS + 1))


def test_the_pictures_of_one_track_stand_in_a_row(history: Database) -> None:
    fill(history, stranger(1, (1.0, 0.9, 60), (0.9, 0.8, 120)))
    sheet = cv2.imdecode(np.frombuffer(track_sheet("Track 1", crops_of_track(history, 1)), np.uint8), 1)
    assert sheet is not None
    assert sheet.shape == (145, 8 + 300 + 2 * 136, 3)
