"""Part "signals": SIGTERM, SIGINT and SIGHUP in every state, start-up and a reader that stopped reading included."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.soak.camera import Camera
from tests.soak.context import END_S, Context
from tests.soak.product import Product
from tests.soak.report import Part

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PIPE_BYTES, _F_SETPIPE_SZ = 4096, 1031


@dataclass
class _State:
    """A state in which a signal comes."""

    name: str
    address: str
    reach: Callable[[Product], object]
    """Waits for it."""
    statuses: tuple[int, ...] = (0,)
    """Exit statuses that are right."""
    stdout: int = subprocess.DEVNULL
    events: str | None = None


def signals(context: Context, part: Part, seconds: float) -> None:
    """Send signals in every state; each state once where time is short, else with each signal."""
    gallery, draw = context.gallery("gallery-signals"), random.Random(0)  # noqa: S311 - moments, not secrets
    with Camera(context.clip) as camera, _silent_server() as silent, _unread_pipe() as pipe:
        states = _states(camera, silent, pipe, draw)
        for index, state in enumerate(states):
            for number in SIGNALS if context.full else (SIGNALS[index % 3],):
                camera.say("resume")
                _try(context, part, state, number, gallery)


def _states(camera: Camera, silent: str, pipe: int, draw: random.Random) -> list[_State]:
    def stalled(product: Product) -> None:
        product.wait_live("camera")
        camera.say("stall")
        product.wait(lambda: product.said("stalled"), 10)

    def pause(product: Product, seconds: float) -> None:
        product.wait(lambda: False, seconds)

    return [
        _State("starting", camera.address, lambda product: pause(product, draw.uniform(0.1, 2.0))),
        _State("live", camera.address, lambda product: product.wait_live("camera")),
        _State(
            "the camera is away",
            "rtsp://127.0.0.1:9/cam",
            lambda product: product.wait(lambda: product.said("lost"), 60),
        ),
        _State(
            "the camera accepts and is silent", silent, lambda product: product.wait(lambda: product.said(": open"), 60)
        ),
        _State("the stream stalls", camera.address, stalled),
        _State(
            "the reader of the events stopped reading",
            camera.address,
            lambda product: product.wait(lambda: product.said("is stuck"), 90),
            (0, 6),  # 6: that events were lost is a failure of the output
            pipe,
            "-",
        ),
    ]


def _try(context: Context, part: Part, state: _State, number: signal.Signals, gallery: Path) -> None:
    with Product(
        context.folder / "signals",
        {"camera": state.address},
        gallery=gallery,
        model=context.model,
        stdout=state.stdout,
        events=state.events,
    ) as product:
        state.reach(product)
        if not product.alive:
            part.check(state.name, False, wanted="a run", came=f"it ended with {product.process.returncode}")
            return
        status, took_s = product.end(number)
        part.faults.append(f"{number.name} while {state.name}: exit status {status} after {took_s:.2f} s")
        traceback = product.said("Traceback")
        right = status in state.statuses and took_s <= END_S and not traceback
        wanted = f"{' or '.join(map(str, state.statuses))} within {END_S:g} s, no traceback"
        came = f"{status} after {took_s:.2f} s{', a traceback' if traceback else ''}"
        part.check(f"{number.name}, {state.name}", right, wanted=wanted, came=came)


@contextmanager
def _silent_server() -> Iterator[str]:
    """An address that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/cam"


@contextmanager
def _unread_pipe() -> Iterator[int]:
    """The writing end of a small pipe that is full and never read."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, _F_SETPIPE_SZ, _PIPE_BYTES)
    os.write(writing, b"\n" * _PIPE_BYTES)
    try:
        yield writing
    finally:
        os.close(reading)
        os.close(writing)
