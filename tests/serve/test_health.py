"""What ``/readyz`` says of cameras."""

from __future__ import annotations

from typing import Any, cast

import pytest

from recognizer.serve.errors import ServiceError
from recognizer.serve.recognition import Recognition
from recognizer.serve.routes.health import _of_cameras
from tests.serve.live_site import run_apart


class Live:
    """What the route asks of the recognition process."""

    def __init__(self, state: str, answer: Any) -> None:
        self._state, self._answer = state, answer

    def state(self) -> dict[str, Any]:
        return {"state": self._state}

    async def call(self, command: str) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def camera(age_s: float | None, **values: Any) -> dict[str, Any]:
    return {"live": True, "paused": False, "frame_age_s": age_s, **values}


def running(*sources: dict[str, Any]) -> dict[str, Any]:
    return {"phase": "running", "sources": list(sources)}


@pytest.mark.parametrize(
    ("state", "answer", "status"),
    [
        ("idle", ServiceError(503, "away", ""), "ready"),
        ("waiting", ServiceError(503, "away", ""), "recognition_starting"),
        ("running", {"phase": "starting", "sources": []}, "recognition_starting"),
        ("running", running(camera(None)), "no_pictures"),
        ("running", running(camera(5.1), camera(60.0)), "no_pictures"),
        ("running", running(camera(4.9), camera(60.0)), "ready"),
        ("running", running(camera(60.0, paused=True)), "ready"),
        ("running", running(camera(None, live=False)), "ready"),
    ],
)
def test_ready_with_cameras(state: str, answer: Any, status: str) -> None:
    assert run_apart(_of_cameras(cast(Recognition, Live(state, answer)))).status == status
