"""Contact sheets: rows of faces with words beside them, as one JPEG."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from recognizer.errors import HistoryError
from recognizer.history import crops
from recognizer.history.database import Database
from recognizer.history.records import short_source
from recognizer.text import line_height, text_mask
from recognizer.types import U8

MOST_ROWS = 400
"""Rows of one sheet; a JPEG has at most 65,535 lines."""
_CROP_PX = 128
_GAP_PX = 8
_WORDS_PX = 300
"""Width of the words beside the faces."""
_TITLE_PX, _LINE_PX = 18, 13
"""Heights of the fonts."""
_INK, _FAINT, _RULE, _EMPTY = (24, 24, 24), (90, 90, 90), (205, 205, 205), (236, 236, 236)
"""BGR, on white."""
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Faces of one person, or of one cluster."""

    title: str
    lines: tuple[str, ...] = ()
    """Below the title; those beyond the height of the faces are dropped."""
    faces: tuple[bytes, ...] = ()
    """JPEGs of any size; one that is damaged is shown as a missing one."""


def contact_sheet(rows: Sequence[SheetRow], *, title: str = "") -> bytes:
    """Draw rows of faces, each with its words on the left.

    Args:
        rows: one for each person or cluster.
        title: above all rows.

    Returns:
        A JPEG; as wide as the longest row of faces wants, at least one face.

    Raises:
        HistoryError: if there are no rows, or more than ``MOST_ROWS``.
    """
    if not 1 <= len(rows) <= MOST_ROWS:
        raise HistoryError(f"A contact sheet has 1 to {MOST_ROWS} rows, got {len(rows)}.")
    columns = max(1, *(len(row.faces) for row in rows))
    width = _GAP_PX + _WORDS_PX + columns * (_CROP_PX + _GAP_PX)
    head = line_height(_TITLE_PX) + _GAP_PX if title else 0
    step = _CROP_PX + 2 * _GAP_PX
    sheet = np.full((head + step * len(rows) + 1, width, 3), 255, np.uint8)
    if title:
        _write(sheet, title, (_GAP_PX, _GAP_PX // 2), _TITLE_PX, _INK, width - 2 * _GAP_PX)
    for place, row in enumerate(rows):
        _draw(sheet, row, head + place * step)
    _, encoded = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return encoded.tobytes()


def cluster_sheet(database: Database, clusters: Sequence[Mapping[str, Any]], *, count: int = crops.BEST) -> bytes:
    """Draw the contact sheet of clusters of unknown people: a row each, with its best, most different faces.

    Args:
        database: the history.
        clusters: of ``clusters.list_clusters``.
        count: most faces of a cluster.

    Raises:
        HistoryError: if no crop was kept of any of them, or there are more than ``MOST_ROWS``.
    """
    if len(clusters) > MOST_ROWS:
        raise HistoryError(f"A contact sheet has at most {MOST_ROWS} rows, got {len(clusters)} clusters.")
    rows = []
    for cluster in clusters:
        found = crops.best_crops(database, cluster["cluster"], count=count)
        rows.append(SheetRow(f"Cluster {cluster['cluster']}", _words(cluster), tuple(crop.jpeg for crop in found)))
    if not any(row.faces for row in rows):
        raise HistoryError(f"The history {database.place} has no picture of these people. {crops.HINT}")
    return contact_sheet(rows)


def track_sheet(title: str, found: Sequence[crops.Crop]) -> bytes:
    """Draw the crops of one track in a row.

    Args:
        title: says who it is.
        found: at least one, as ``crops.crops_of_track`` gives them.
    """
    when = tuple(f"{crop.at:%Y-%m-%d %H:%M:%S}" for crop in found)
    return contact_sheet([SheetRow(title, when, tuple(crop.jpeg for crop in found))])


def _words(cluster: Mapping[str, Any]) -> tuple[str, ...]:
    first, last = (dt.datetime.fromisoformat(cluster[key]) for key in ("first", "last"))
    number = cluster["tracks"]
    closest = cluster.get("closest")
    return (
        f"{number} track{'' if number == 1 else 's'}",
        f"first {first:%Y-%m-%d %H:%M}",
        f"last {last:%Y-%m-%d %H:%M}",
        ", ".join(short_source(source) for source in cluster["sources"]),
        *([f"closest: {closest}"] if closest else []),
    )


def _draw(sheet: U8, row: SheetRow, top: int) -> None:
    """Draw a row, in place, below a rule."""
    sheet[top] = _RULE
    y = top + _GAP_PX
    _write(sheet, row.title, (_GAP_PX, y), _TITLE_PX, _INK, _WORDS_PX - _GAP_PX)
    y += line_height(_TITLE_PX)
    for line in row.lines:
        for part in _wrapped(line, _WORDS_PX - _GAP_PX):
            if y + line_height(_LINE_PX) > top + _CROP_PX + 2 * _GAP_PX:
                break
            _write(sheet, part, (_GAP_PX, y), _LINE_PX, _FAINT, _WORDS_PX - _GAP_PX)
            y += line_height(_LINE_PX)
    for place, jpeg in enumerate(row.faces or (b"",)):
        left = _GAP_PX + _WORDS_PX + place * (_CROP_PX + _GAP_PX)
        _place(sheet[top + _GAP_PX :, left:][:_CROP_PX, :_CROP_PX], jpeg)


def _place(cell: U8, jpeg: bytes) -> None:
    """Fit a face into a square cell, in place; without one the cell says so."""
    cell[:] = _EMPTY
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if image is None:
        _write(cell, "no picture kept", (12, _CROP_PX // 2 - 10), _LINE_PX, _FAINT, _CROP_PX - 16)
        return
    scale = _CROP_PX / max(image.shape[:2])
    width, height = (max(1, round(scale * side)) for side in (image.shape[1], image.shape[0]))
    shown = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (_CROP_PX - height) // 2, (_CROP_PX - width) // 2
    cell[top : top + height, left : left + width] = shown


def _write(
    canvas: U8, text: str, at: tuple[int, int], size_px: int, colour: tuple[int, int, int], most_px: int
) -> None:
    """Write one line with its upper left corner at x, y; what is too long is cut."""
    x, y = at
    mask = text_mask(text, size_px)[: canvas.shape[0] - y, : min(most_px, canvas.shape[1] - x)]
    cover = (mask / 255.0)[:, :, None]
    part = canvas[y : y + mask.shape[0], x : x + mask.shape[1]]
    part[:] = np.round(part * (1 - cover) + np.array(colour) * cover).astype(np.uint8)


def _wrapped(text: str, most_px: int) -> list[str]:
    """Divide a text at blanks into lines that fit; a longer word stays whole."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_mask(longer, _LINE_PX).shape[1] <= most_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
