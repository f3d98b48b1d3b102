"""What may hold a person still after they were removed: backups, exports, and events that wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recognizer.cli import _console
from recognizer.counting import counted

_KINDS = {"backup": "A backup", "export": "An export"}


def show_copies(copies: Sequence[Mapping[str, Any]], person: str, folder: Path | None) -> None:
    """Name the copies of the history, and how many tracks in each backup bear the name.

    Args:
        copies: of ``list_copies``.
        person: who was removed.
        folder: of the history; ``None`` on a server.
    """
    from recognizer.history.backup import count_tracks

    for entry in copies:
        where = entry["path"] if entry["found"] else f"{entry['path']} (not there now)"
        words = f"{_KINDS[entry['kind']]} of {entry['at'][:10]} may hold them still; delete it: {where}"
        is_backup = folder is not None and entry["kind"] == "backup"
        count = count_tracks(Path(entry["path"]), person, beside=folder) if is_backup and folder is not None else None
        if count is not None:
            words += f" ({counted(count, 'track')} in it {'bears' if count == 1 else 'bear'} the name"
            words += ")" if count else "; they may be in it without one)"
        _console.out.print(words, highlight=False, markup=False, soft_wrap=True)


def show_undelivered(files: Iterable[Path]) -> None:
    """Name the files of events that could not be changed, as a run uses them."""
    for path in files:
        words = f"{path} is used by a run, which takes the name out of waiting events once the gallery is without it."
        _console.err.print(words, highlight=False, markup=False, soft_wrap=True)
