from __future__ import annotations

import io

from rich.console import Console

from recognizer.emit.status import StatusBlock
from recognizer.types import SourceChange, SourceState, Status
from tests.results import identity, make_result


def test_lines_and_block_speak_of_the_last_seconds() -> None:
    now = 0.0
    block = StatusBlock(Console(file=io.StringIO()), live={"clip"}, dropped={"clip": 7}, clock=lambda: now)
    with block:
        block.on_source_state(SourceChange("clip", SourceState.LIVE, 0.0))
        for number in range(101):
            now = number / 10
            people = [identity(1, "Anna"), identity(2, status=Status.UNKNOWN)]
            block.emit(make_result(now - 0.05, identities=people))
            block.tick()
        [line] = block.lines()
    assert line.startswith("clip: live, 10.1 fps, age p95 5")
    assert line.endswith("7 dropped, now Anna, 1 unknown")
    screen = Console(file=io.StringIO(), width=100)
    screen.print(block.table())
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert all(word in shown for word in ("clip", "live", "10.1", "Anna, 1 unknown"))


def test_a_narrow_terminal_shows_whole_addresses_and_no_age_where_no_frame_came() -> None:
    name = "rtsp://127.0.0.1:8554/camera"
    block = StatusBlock(Console(file=io.StringIO()), live={name}, dropped={})
    block.on_source_state(SourceChange(name, SourceState.BACKING_OFF, 0.0))
    screen = Console(file=io.StringIO(), width=60)
    screen.print(block.table())
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    cells = [line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│")]
    assert "".join(cells) == name
    assert " ms" not in shown
    assert "age" not in next(block.lines())


def test_nobody_is_there_when_the_camera_is_lost() -> None:
    block = StatusBlock(Console(file=io.StringIO()), live={"clip"}, dropped={})
    block.emit(make_result(0.0, identities=[identity(1, "Anna")]))
    block.on_source_state(SourceChange("clip", SourceState.LOST, 1.0, "refused", "source_lost"))
    assert next(block.lines()).endswith("now nobody")
