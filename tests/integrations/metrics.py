"""A run's figures, for tests."""

from __future__ import annotations

from typing import Any

from recognizer.clock import WallClock
from recognizer.integrations.prometheus import MetricsSink


def metrics_sink(port: int, **values: Any) -> MetricsSink:
    return MetricsSink(
        "127.0.0.1",
        port,
        version="0.2",
        model="model-1",
        engine="openvino",
        times=WallClock(live=False),
        dropped={"clip": 3},
        people=lambda: 7,
        **values,
    )
