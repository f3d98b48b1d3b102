"""Show the state of a headless run: a live block on a terminal, periodic log lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import TracebackType
from typing import Self

from loguru import logger
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from recognizer.emit.base import BaseSink
from recognizer.emit.durations import Durations
from recognizer.emit.sources import SourceBoard, SourceFigures
from recognizer.types import Event, FrameResult, SourceChange, SourceState

_WINDOW_S = 10.0
"""Rates and ages speak of the last so many seconds."""
_LINE_EVERY_S = 60.0
_COLOURS = {SourceState.LIVE: "green", SourceState.STALLED: "yellow", SourceState.LOST: "red"}


class StatusBlock(BaseSink):
    """Shows each source's state, rate, age, drops and people; a sink like the others.

    Args:
        console: Where the block goes, when that is a terminal.
        live: Names of the live sources.
        dropped: Dropped frames of each source, updated while running.
        line_every_s: Time between two log lines, where there is no terminal.
        clock: Monotonic, s.
    """

    def __init__(
        self,
        console: Console,
        *,
        live: AbstractSet[str],
        dropped: Mapping[str, int],
        line_every_s: float = _LINE_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = SourceBoard(live, clock)
        self._dropped = dropped
        self._line_every_s = line_every_s
        self._clock = clock
        self._window_began = self._line_at = clock()
        self._frames_before: Counter[str] = Counter()
        self._shown: dict[str, tuple[float, float]] = {}
        self._block: Live | None = None
        if console.is_terminal:
            self._block = Live(get_renderable=self.table, console=console, refresh_per_second=2, transient=True)

    def __enter__(self) -> Self:
        """Begin to show."""
        self._window_began = self._line_at = self._clock()
        if self._block is not None:
            self._block.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the block away."""
        if self._block is not None:
            self._block.stop()

    def emit(self, result: FrameResult) -> None:
        """Count one frame."""
        self._board.take(result)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Note that nobody is in the source's picture any more."""
        self._board.on_end(source)

    def on_source_state(self, change: SourceChange) -> None:
        """Note a source's change of state."""
        self._board.on_source_state(change)

    def tick(self) -> None:
        """Close a window of time, and write lines when they are due; called a few times a second."""
        now = self._clock()
        if now - self._window_began >= min(_WINDOW_S, self._line_every_s):
            self._measure(now - self._window_began)
            self._window_began = now
        if self._block is None and now - self._line_at >= self._line_every_s:
            self._line_at = now
            for line in self.lines():
                logger.info("{}", line)

    def lines(self) -> Iterator[str]:
        """One line for each source."""
        for name, figures in list(self._board.sources.items()):
            state, fps, age, dropped, people = self._cells(name, figures)
            age = f", age p95 {age}" if age else ""
            main = f", {figures.main_stream}" if figures.has_larger else ""
            yield f"{name}: {state}, {fps} fps{age}, {dropped} dropped{main}, now {people}"

    def table(self) -> Table:
        """The block."""
        table = Table()
        table.add_column("source", overflow="fold")  # on a narrow terminal, the ends of addresses tell them apart
        for heading in ("state", "fps", "age p95", "dropped", "people now"):
            table.add_column(heading, justify="right" if heading in {"fps", "age p95", "dropped"} else "left")
        for name, figures in list(self._board.sources.items()):
            state, fps, age, dropped, people = self._cells(name, figures)
            colour = _COLOURS.get(figures.state, "default") if figures.state else "default"
            main = f"\n[dim]{figures.main_stream}[/]" if figures.has_larger else ""
            table.add_row(escape(name) + main, f"[{colour}]{state}[/]", fps, age, dropped, escape(people))
        return table

    def _cells(self, name: str, figures: SourceFigures) -> tuple[str, str, str, str, str]:
        """State, frames a second, age (empty where no frame has one), drops and people of a source, in words."""
        fps, age_ms = self._shown.get(name, (figures.fps, figures.ages.percentile_ms(95)))
        return (
            figures.state.value if figures.state else "reading",
            f"{fps:.1f}",
            f"{age_ms:.0f} ms" if figures.live and age_ms else "",
            str(self._dropped.get(name, 0)),
            _people(figures),
        )

    def _measure(self, seconds: float) -> None:
        for name, figures in list(self._board.sources.items()):
            fps = (figures.frames - self._frames_before[name]) / seconds
            self._frames_before[name] = figures.frames
            self._shown[name] = (fps, figures.ages.percentile_ms(95))
            figures.ages = Durations()


def _people(figures: SourceFigures) -> str:
    known = sorted(name for name in figures.people if name != "?")
    others = figures.people.count("?")
    return ", ".join([*known, *([f"{others} unknown"] if others else [])]) or "nobody"
