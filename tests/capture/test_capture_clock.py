"""The age of a frame includes what it waited before the demuxer; a camera's clock may do what it likes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from recognizer.capture.capture_clock import CaptureClock

STEP_S = 0.04


def errors(
    times: Sequence[float], waits: Sequence[float], *, start_s: float = 1000.0, rate: float = 1.0
) -> list[float]:
    """Ages less true ages of frames taken every 40 ms at presentation ``times``; each waits, or for the last."""
    clock, found, before = CaptureClock(), [], start_s
    captured: list[float] = []
    for number, (time_s, wait_s) in enumerate(zip(times, waits, strict=True)):
        taken_s = start_s + number * STEP_S * rate
        arrived_s = max(before, taken_s + wait_s)
        waited_s = arrived_s - before if wait_s == 0 else 0.0
        captured.append(clock.captured_at(time_s, arrived_s=arrived_s, waited_s=waited_s))
        found.append(taken_s - captured[-1])
        before = arrived_s
    assert all(earlier <= later for earlier, later in itertools.pairwise(captured))
    return found


def steady(count: int, *, start: float = 0.0) -> list[float]:
    return [start + number * STEP_S for number in range(count)]


def test_what_waited_is_older_by_what_it_waited() -> None:
    waits = [0.0] * 50 + [0.02 * number for number in range(100)] + [0.0] * 50
    assert errors(steady(200), waits) == pytest.approx([0.0] * 200, abs=0.015)


@pytest.mark.parametrize("jump_s", [7 * 3600.0, -7 * 3600.0, -1.0, 3.0, 1e9])
@pytest.mark.parametrize("wait_s", [0.0, 0.8])
def test_a_jump_of_the_times_changes_no_age(jump_s: float, wait_s: float) -> None:
    times = [*steady(50), *steady(100, start=50 * STEP_S + jump_s)]
    waits = [0.0] * 25 + [wait_s] * 125
    assert errors(times, waits) == pytest.approx([0.0] * 150, abs=0.01)


def test_times_that_repeat() -> None:
    assert errors([5.0] * 100, [0.0] * 100) == pytest.approx([0.0] * 100)


def test_a_frame_without_a_time_is_as_old_as_its_arrival() -> None:
    assert CaptureClock().captured_at(None, arrived_s=7.0, waited_s=0.0) == 7.0


@pytest.mark.parametrize("drift", [1e-4, -1e-4, 3e-3, -3e-3])
def test_a_clock_that_drifts_makes_no_frame_old(drift: float) -> None:
    found = errors(steady(25 * 3600), [0.0] * 25 * 3600, rate=1 + drift)
    assert max(map(abs, found)) < 0.01


def test_a_short_delay_of_every_frame_is_not_forgotten_soon() -> None:
    waits = [0.0] * 10 + [0.5] * 25 * 60
    assert errors(steady(len(waits)), waits)[-1] == pytest.approx(0.0, abs=0.02)
