"""The fuzzer itself: its files are read when whole, damaged alike each time, and faults are seen."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz import mutate, runner
from tests.fuzz.targets import TARGETS, item, target

KINDS = sorted(TARGETS)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_read(kind: str, tmp_path: Path) -> None:
    for number, whole in enumerate(TARGETS[kind].seeds()):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert TARGETS[kind].read(whole, folder) in {"read", "written"}, number


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_numbers_make_the_same_damage(kind: str) -> None:
    wholes = TARGETS[kind].seeds()
    items = [item(kind, 1, index, wholes) for index in range(30)]
    assert items == [item(kind, 1, index, wholes) for index in range(30)]
    assert items != [item(kind, 2, index, wholes) for index in range(30)]
    assert sum(data not in wholes for data in items) > 20


@pytest.mark.long
def test_what_is_planted_is_found(tmp_path: Path) -> None:
    whole = target("planted").seeds()
    count = 7
    planned = [item("planted", SEED, index, whole).decode() for index in range(count)]
    assert sorted(set(planned)) == ["crash", "fail", "hang", "read", "refuse"]
    result = runner.run("planted", seed=SEED, count=count, item_s=2.0)
    assert not result.passed
    assert result.outcomes["read"] == planned.count("read")
    assert result.outcomes["refused: InputError"] == planned.count("refuse")
    assert sorted(index for indices in result.faults.values() for index in indices) == [
        index for index, what in enumerate(planned) if what in {"crash", "fail", "hang"}
    ]
    runner.keep(result, tmp_path, seed=SEED)
    assert {file.read_bytes() for file in tmp_path.glob("*.bin")} == {b"crash", b"fail", b"hang"}


def _all_of(seed: int) -> bool:
    whole = target("planted").seeds()
    planned = [item("planted", seed, index, whole) for index in range(7)]
    return len(set(planned)) == 5 and planned.count(b"hang") == 1


SEED = next(seed for seed in range(1000) if _all_of(seed))
"""With which everything happens, and only one hang costs its time."""


def test_growth_is_a_fault() -> None:
    result = runner.Result("pictures")
    assert result.passed
    result.growth_mb = runner.GROWTH_MB + 1
    assert not result.passed


def test_a_file_that_takes_the_memory_is_a_fault() -> None:
    result = runner.Result("pictures")
    result.largest_mb = (runner.LARGEST_MB + 1, 3)
    assert not result.passed


def test_a_json_document_is_never_put_into_itself() -> None:
    whole = b'{"a": [[], {}], "b": {"c": [{}]}}'
    draw, again = random.Random(3), random.Random(3)  # noqa: S311
    assert [mutate.damaged_json(draw, whole) for _ in range(3000)] == [
        mutate.damaged_json(again, whole) for _ in range(3000)
    ]
