"""Calibration files: a schema with ranges, a digest, whole or not at all."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from recognizer.calibration.calibration_file import Budget, Calibration, load, save
from recognizer.errors import ConfigError, OutputError
from recognizer.models.catalogue import SHIPPED_FOLDER

SHIPPED = sorted((SHIPPED_FOLDER / "calibration").glob("*.json"))
MODEL = "edgeface_xs_q-6177cb0d59a9"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A site's calibration, as ``calibrate --budget`` writes it."""
    base = load(SHIPPED_FOLDER / "calibration" / "edgeface_xs_q.json", model=MODEL)
    budget = Budget("1 wrong name per camera-month", fpir=0.0003, strangers_per_day=100.0)
    path = tmp_path / "calibration.json"
    save(path, Calibration(**{**shallow(base), "budget": budget, "shift": 0.02}))
    return path


def shallow(calibration: Calibration) -> dict[str, Any]:
    return {name: getattr(calibration, name) for name in Calibration.__dataclass_fields__}


def test_what_is_written_reads_back(file: Path) -> None:
    found = load(file, model=MODEL)
    assert (found.known, found.release, found.margin, found.sure) == (0.3848, 0.3251, 0.1255, 0.535)
    assert found.shift == 0.02
    assert found.budget is not None
    assert asdict(found.budget)["fpir"] == 0.0003
    again = file.with_name("again.json")
    save(again, found)
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_have_their_digest(path: Path, tmp_path: Path) -> None:
    values = json.loads(path.read_text())
    assert load(path, model=values["model"]).measured
    (tmp_path / "altered.json").write_text(json.dumps(values | {"release": 0.3}))
    with pytest.raises(ConfigError, match="digest"):
        load(tmp_path / "altered.json", model=values["model"])


@pytest.mark.long
def test_no_flipped_bit_is_another_threshold(file: Path) -> None:
    good = file.read_bytes()
    wanted = load(file, model=MODEL).at(30)
    head = good.index(b'"impostors"')
    places = [(place, bit) for place in range(0, head, 2) for bit in (0, 1, 4)]
    places += [(place, place % 7) for place in range(head, len(good), 97)]
    refused = 0
    for place, bit in places:
        data = bytearray(good)
        data[place] ^= 1 << bit
        file.write_bytes(data)
        try:
            found = load(file, model=MODEL).at(30)
        except ConfigError:
            refused += 1
        else:  # white space
            assert (found.known, found.release, found.margin, found.sure) == (
                wanted.known,
                wanted.release,
                wanted.margin,
                wanted.sure,
            )
    assert refused > 0.9 * len(places)


def test_an_edited_file_says_what_to_do(file: Path) -> None:
    file.write_text(file.read_text().replace('"margin": 0.1255', '"margin": 0.1'))
    with pytest.raises(ConfigError, match=r"edited.*delete the digest"):
        load(file, model=MODEL)
    file.write_text(re.sub(r'  "digest": .*\n', "", file.read_text()))
    assert load(file, model=MODEL).margin == 0.1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"known": -1, "release": -1}, "known"),
        ({"known": True}, "known"),
        ({"known": "0.4"}, "known"),
        ({"known": 0.6, "sure": 0.5}, "release <= known <= sure"),
        ({"margin": -0.1}, "margin"),
        ({"shift": float("nan")}, "shift"),
        ({"shift": "abc"}, "shift"),
        ({"shift": -0.5}, "shift"),
        ({"budget": {"text": "x", "fpir": "0.1"}}, "budget.fpir"),
        ({"budget": {"text": "x", "fpir": 0}}, "budget.fpir"),
        ({"budget": {"text": "x"}}, "budget: wanted fpir or fmr"),
        ({"budget": 3}, "budget"),
        ({"protocol": 5}, "protocol"),
        ({"impostors": 5}, "impostors"),
        ({"impostors": {"data": "x", "people": 3}}, "impostors"),
        ({"model": 7}, "model"),
        ({"knwon": 0.4}, "knwon"),
        ({"digest": 5}, "digest"),
    ],
)
def test_values_out_of_range_are_refused_without_a_digest_too(file: Path, change: dict[str, Any], reason: str) -> None:
    values = json.loads(file.read_text())
    del values["digest"]
    file.write_text(json.dumps(values | change))
    with pytest.raises(ConfigError, match=reason):
        load(file, model=MODEL)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mean", 1.5),
        ("mean", float("nan")),
        ("low", -0.1),
        ("sizes", 0.5),
        ("similarities", -3),
        ("sizes", float("nan")),
        ("sizes", 10**400),
    ],
)
def test_curves_out_of_range_are_refused(file: Path, key: str, value: float) -> None:
    values = json.loads(file.read_text())
    del values["digest"]
    part = values["impostors"]["fpir"][key]
    (part[0] if isinstance(part[0], list) else part)[0] = value
    file.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match="curves"):
        load(file, model=MODEL)


def test_endlessly_many_people_are_refused(file: Path) -> None:
    values = json.loads(file.read_text())
    del values["digest"]
    values["impostors"]["people"] = float("inf")
    file.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match="impostors"):
        load(file, model=MODEL)


@pytest.mark.parametrize(
    "data", [b"", b"[1, 2]", b"[" * 100_000, b"\xff\xfe", b'{"model": 1, "model": 2}', b" " * (9 << 20), b"nul"]
)
def test_what_is_no_calibration_is_refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=r"calibration\.json (cannot be read|lacks)"):
        load(file, model=MODEL)


def test_a_file_that_cannot_be_written_leaves_the_earlier_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        save(file, load(file, model=MODEL))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
