"""The window, on a virtual display: what it shows, the keys that end it, and what happens without a display."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from recognizer.emit.window import Window
from recognizer.errors import OutputError
from recognizer.types import U8
from tests.emit.virtual_display import Display
from tests.emit.virtual_display import display as display
from tests.emit.window_manager import press_close
from tests.emit.window_pictures import RED, plain, red
from tests.results import make_result
from tests.rig import wait_until

ROOT = str(Path(__file__).parents[2])
"""BGR."""


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes to end whatever happens."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(program: str, display: Display) -> subprocess.Popen[str]:
    """Start a program that may use ``make_result``, ``Window``, ``plain`` and ``red``; a group of its own."""
    head = """
        import signal, sys, threading, time
        sys.path.insert(0, sys.argv[1])
        from tests.results import make_result
        from tests.emit.window_pictures import plain, red
        from recognizer.emit.window import Window
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(program), ROOT],
        env={**os.environ, "DISPLAY": display.name},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def children(pid: int) -> list[int]:
    """Its windows: all its processes but the display."""
    found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in found if "viewer.py" in Path(f"/proc/{child}/cmdline").read_text()]


def gone(pid: int) -> bool:
    """Ended, if perhaps not yet asked after by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def do(words: str, display: Display, window: str = "^faces$") -> None:
    """As a hand at a keyboard does; the window may be gone before the key's release arrives."""
    if shutil.which("xdotool") is None:
        pytest.skip("xdotool is not installed")
    program = ["xdotool", "search", "--sync", "--name", window, *words.split()]
    subprocess.run(program, env={**os.environ, "DISPLAY": display.name}, check=False, capture_output=True, timeout=20)


def press_the_close_button(display: Display) -> None:
    press_close(display.name)


def press_q(display: Display) -> None:
    do("windowfocus key q", display)


def press_escape(display: Display) -> None:
    do("windowfocus key Escape", display)


def shown(display: Display) -> bool:
    """True once the picture fills the window: a busy machine takes seconds to paint it."""

    def is_red() -> bool:
        seen = display.screenshot().astype(int)
        return bool((np.abs(seen - RED).max(axis=2) < 5).sum() > 300 * 220)

    return wait_until(is_red, seconds=20) < 20


def has_labels(picture: U8) -> bool:
    """Whether boxes of known, undecided or unknown faces are on it, in the overlay's colours."""
    away = np.abs(picture.astype(int)[:, :, None] - [(115, 158, 0), (66, 228, 240), (0, 94, 213)])
    return bool((away.max(axis=-1) < 8).any(axis=-1).sum() > 200)


@pytest.mark.parametrize("close", [press_q, press_escape, press_the_close_button])
def test_shows_the_picture_tells_keys_and_ends_when_it_is_closed(
    display: Display, close: Callable[[Display], None]
) -> None:
    keys: list[str] = []
    with Window(render=plain, title="faces", on_key=keys.append) as window:
        [process] = children(os.getpid())
        window.emit(make_result(image=red()))
        assert shown(display)
        do("windowfocus key p", display)
        assert wait_until(lambda: keys == ["p"], seconds=10) < 10
        assert not window.closed
        close(display)
        assert wait_until(lambda: window.closed, seconds=10) < 10
    assert gone(process)
    assert window.failed is None


def test_is_left_and_opened_again(display: Display) -> None:
    with Window(render=plain) as window:
        pass
    for _ in range(2):
        with window:
            window.emit(make_result(image=red(13, 17)))
            window.emit(make_result(image=red()))
            assert shown(display)
        assert (window.closed, window.failed) == (False, None)
    assert children(os.getpid()) == []


def test_a_window_that_hangs_holds_up_nobody(display: Display) -> None:
    with Window(render=plain) as window:
        [process] = children(os.getpid())
        os.kill(process, signal.SIGSTOP)
        result = make_result(image=red(1080, 1920))
        began = time.monotonic()
        for _ in range(50):
            window.emit(result)
        assert time.monotonic() - began < 1
    assert time.monotonic() - began < 4
    assert gone(process)


def test_a_display_that_goes_away_is_reported_once(display: Display, logged: list[str]) -> None:
    with Window(render=plain) as window:
        window.emit(make_result(image=red()))
        assert shown(display)
        display.server.kill()
        assert wait_until(lambda: window.failed is not None, seconds=10) < 10
        window.emit(make_result(1, image=red()))
    assert not window.closed
    assert len(logged) == 1
    assert "recognition goes on without it" in logged[0]


def test_ends_with_its_parent(display: Display, started: list[subprocess.Popen[str]]) -> None:
    parent = start(
        """
        with Window(render=plain, title="faces") as window:
            while True:
                window.emit(make_result(image=red()))
                time.sleep(0.02)
        """,
        display,
    )
    started.append(parent)
    assert shown(display)
    [process] = children(parent.pid)
    parent.kill()
    assert wait_until(lambda: gone(process), seconds=10) < 10


def test_ctrl_c_at_the_terminal_leaves_the_window_to_its_parent(
    display: Display, started: list[subprocess.Popen[str]]
) -> None:
    parent = start(
        """
        stop = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        with Window(render=plain, title="faces") as window:
            while not stop.wait(0.02):
                window.emit(make_result(image=red()))
        print(window.closed, window.failed)
        """,
        display,
    )
    started.append(parent)
    assert shown(display)
    [process] = children(parent.pid)
    os.killpg(parent.pid, signal.SIGINT)
    os.kill(process, signal.SIGINT)  # also where it is sent to every process of a service
    os.kill(process, signal.SIGTERM)
    out, errors = parent.communicate(timeout=10)
    assert (out, errors, parent.returncode) == ("False None\n", "", 0)
    assert gone(process)


@pytest.mark.slow
@pytest.mark.weights
def test_q_ends_a_whole_run_with_its_process(
    shared_data: Path, tmp_path: Path, display: Display, started: list[subprocess.Popen[str]]
) -> None:
    words = [sys.executable, f"{ROOT}/main.py", "run", "--gallery", str(tmp_path / "gallery")]
    words += ["--model", "edgeface_xs_q", "--weights-dir", str(shared_data / "weights")]
    words += ["--source", str(shared_data / "data/video/friends_720p.mp4")]
    photo = tmp_path / "gallery/Joey/1.png"
    photo.parent.mkdir(parents=True)
    shutil.copyfile(shared_data / "data/video/friends_gallery/Joey/1.png", photo)
    environment = {**os.environ, "DISPLAY": display.name}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started.append(process)
    assert wait_until(lambda: has_labels(display.screenshot()), seconds=60) < 60
    do("windowfocus key q", display, "^recognizer$")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems have a display")
    with pytest.raises(OutputError, match=r"no display .*pass --headless"), Window(render=lambda r: r.frame.image):
        pass


def test_display_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV's Qt would end this process."""
    monkeypatch.setenv("DISPLAY", ":971")
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems have a display")
    with (
        pytest.raises(OutputError, match=r":971 cannot be used; pass --headless"),
        Window(render=lambda r: r.frame.image),
    ):
        pass
