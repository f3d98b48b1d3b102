"""The loop begins, stops on SIGTERM, resumes and ends; whatever the task."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from recognizer.train.loop.settings import LoopConfig
from recognizer.train.loop.watch import duration
from tests.train.line import Line, config, learn, sigterm, weights

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


def curve(settings: LoopConfig) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted((settings.out / "logs").glob("version_*/metrics.csv")):
        with path.open() as lines:
            rows += [{k: v for k, v in row.items() if k != "samples_per_s"} for row in csv.DictReader(lines)]
    return rows


def test_stopped_by_sigterm_in_a_round_it_resumes_from_the_round_before(tmp_path: Path) -> None:
    whole, cut = (config(tmp_path / name, samples=28) for name in ("whole", "cut"))
    learn(whole, Line(whole))
    stopped = Line(cut)
    stopped.on_step = lambda weight: sigterm() if stopped.seen == 8 else None
    with pytest.raises(SystemExit) as ended:
        learn(cut, stopped)
    assert ended.value.code == 0
    assert int(weights(cut)["samples_seen"]) == 8
    learn(cut, Line(cut))
    wanted, came = weights(whole), weights(cut)
    assert [key for key in wanted if key != "seconds" and not torch.equal(wanted[key], came[key])] == []
    assert curve(whole) == curve(cut)
    assert [float(row["step"]) for row in curve(cut)] == [8, 16, 24, 28]


@pytest.mark.parametrize(("samples", "seen"), [(16, [8, 16]), (20, [8, 16, 20]), (19, [8, 16])])
def test_it_ends_with_the_last_whole_batch(tmp_path: Path, samples: int, seen: list[int]) -> None:
    settings = config(tmp_path, samples=samples)
    learn(settings, Line(settings))
    assert [float(row["step"]) for row in curve(settings)] == seen
    learn(settings, Line(settings))  # nothing is left to do
    assert int(weights(settings)["samples_seen"]) == seen[-1]


@pytest.mark.parametrize(("seconds", "words"), [(3, "3 s"), (119, "119 s"), (300, "5 min"), (5400, "1.5 h")])
def test_a_duration_is_readable(seconds: float, words: str) -> None:
    assert duration(seconds) == words
