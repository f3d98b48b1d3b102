"""Kill processes that work on a history with SIGKILL, again and again, and check what they had acknowledged.

    python -m tests.history.killed FOLDER KIND COUNT

Each victim is a fork, so that a trial takes milliseconds. Some kill themselves at a statement or commit of a
random number; the others are killed by their parent at whatever they do after a random acknowledgement. Prints one
line of JSON: trials, acknowledged, lost, opened.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from recognizer.history.database import FILE_NAME
from tests.history.kill_cases import CASES

MOST_STATEMENTS = {"write": 60, "act": 80, "purge": 70, "migrate": 60, "restore": 60, "enrol": 120}
FILE_EVENTS = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir"})
BY_PARENT = {"write": 0.5, "act": 0.5, "purge": 0.1, "migrate": 0.1, "restore": 0.5, "enrol": 0.3}
"""Share of the trials in which the parent kills; purges and migrations acknowledge too little for many."""


def trial(kind: str, folder: Path, dice: random.Random) -> tuple[list[str], bool]:
    """Run a case in a fork until it is killed; return what it acknowledged, and whether it came to its end before."""
    case, (reader, writer) = CASES[kind], os.pipe()
    at_statement = dice.randint(1, MOST_STATEMENTS[kind]) if dice.random() > BY_PARENT[kind] else None
    acknowledged_before = dice.randint(0, 5)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            if at_statement is not None:
                _die_at(at_statement)
            case.work(folder, _acknowledger(writer))
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    lines: list[str] = []
    with os.fdopen(reader) as stream:
        if at_statement is None:
            while len(lines) <= acknowledged_before and (line := stream.readline()):
                lines.append(line.rstrip("\n"))
            os.kill(child, signal.SIGKILL)
        lines += [line.rstrip("\n") for line in stream if line.endswith("\n")]
    _, state = os.waitpid(child, 0)
    if os.WIFEXITED(state) and os.WEXITSTATUS(state):
        raise RuntimeError("a victim failed by itself")
    return lines, os.WIFEXITED(state)


def _acknowledger(writer: int) -> Callable[[str], None]:
    def acknowledge(text: str) -> None:
        os.write(writer, f"{text}\n".encode())

    return acknowledge


def _die_at(number: int) -> None:
    """Let this process kill itself before or after its ``number``-th statement or commit, or before it moves a file."""
    left = [number]

    def count(*_: object, **__: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for event in ("before_cursor_execute", "after_cursor_execute", "commit"):
        sa.event.listen(sa.Engine, event, count)
    sys.addaudithook(lambda event, _: count() if event in FILE_EVENTS else None)


def main(folder: Path, kind: str, count: int) -> int:
    """Run the trials; returns an exit status."""
    case, dice = CASES[kind], random.Random(f"{kind} {count}")  # noqa: S311 - to be repeated, not to be secret
    totals = {"trials": 0, "killed": 0, "acknowledged": 0, "lost": 0, "opened": 0}
    for number in range(count):
        place = folder if case.goes_on else folder / str(number)
        case.prepare(place)
        known = case.before(place)
        lines, ended = trial(kind, place, dice)
        lost = case.lost(place, known, lines)
        with closing(sqlite3.connect(place / "history" / FILE_NAME)) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        totals["trials"] += 1
        totals["killed"] += not ended
        totals["acknowledged"] += len(lines)
        totals["lost"] += len(lost)
        totals["opened"] += sound
        if not case.goes_on:
            shutil.rmtree(place)
    sys.stdout.write(json.dumps({"kind": kind, **totals}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
