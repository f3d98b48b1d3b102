"""What all trainings share: how the rate moves, and what computes."""

from __future__ import annotations

import math

import pytest

from recognizer.errors import ConfigError
from recognizer.train.loop.settings import Accelerator, Fall, Run, Schedule


@pytest.mark.parametrize(
    ("seen", "rate"),
    [(0, 0.1), (9, 1.0), (60, 1.0), (80, 1.0), (85, 0.5), (100, 0.0), (200, 0.0)],
)
def test_the_rate_rises_stays_and_falls(seen: int, rate: float) -> None:
    schedule = Schedule(samples=100, warmup=10, decay=20, batch=1)
    assert schedule.rate(seen) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("fall", "half", "quarter"),
    [("root", 0.2929, 0.5), ("polynomial", 0.25, 0.5625), ("cosine", 0.5, 0.8536)],
)
def test_without_a_decay_the_rate_falls_from_the_warm_up_to_the_end(fall: str, half: float, quarter: float) -> None:
    schedule = Schedule(samples=110, warmup=10, batch=10, fall=Fall(fall))
    assert [schedule.rate(seen) for seen in (0, 10, 35, 60, 110, 500)] == pytest.approx(
        [1, 1, quarter, half, 0, 0], abs=1e-4
    )


@pytest.mark.parametrize(
    ("wanted", "gpus", "mps", "device"),
    [
        ("cpu", 8, True, "cpu"),
        ("gpu", 2, False, "gpu"),
        ("auto", 2, True, "gpu"),
        ("auto", 0, False, "cpu"),
        (
            "gpu",
            1,
            False,
            r"run\.processes: 2 wants as many devices \(gpu\), and torch finds 1; set run\.processes to 1",
        ),
        ("gpu", 0, True, "torch finds 0"),
        ("auto", 1, False, "torch finds 1"),
        ("auto", 0, True, r"accelerator: auto .*\(mps\), and torch finds 1"),
    ],
)
def test_what_computes_is_what_the_machine_has(wanted: str, gpus: int, mps: bool, device: str) -> None:
    run = Run(accelerator=Accelerator(wanted), processes=2)
    if device in {"cpu", "gpu"}:
        assert run.device(gpus=gpus, mps=mps) == device
        return
    with pytest.raises(ConfigError, match=device):
        run.device(gpus=gpus, mps=mps)


def test_a_decay_during_the_warm_up_is_over_all_samples() -> None:
    schedule = Schedule(samples=90, warmup=30, batch=10, fall=Fall.COSINE, decay_during_warmup=True)
    for seen in range(0, 90, 10):
        cosine = math.cos(math.pi * seen / 90 / 2) ** 2  # half of 1 + cos(2x)
        assert schedule.rate(seen) == pytest.approx(min(1, (seen + 10) / 30) * cosine)
