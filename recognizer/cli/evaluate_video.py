"""python main.py evaluate video CLIP: recognition held against a truth file, or a draft of one to correct."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

import cv2
import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build, config
from recognizer.cli import _console
from recognizer.cli._progress import counting, model_bar
from recognizer.cli.enroll import sync
from recognizer.emit.overlay import draw
from recognizer.errors import OutputError, UsageError
from recognizer.evaluation import report
from recognizer.evaluation.truth import Appearance, Box, Truth, read_truth, write_truth
from recognizer.evaluation.video import Seen, VideoScore, score
from recognizer.evaluation.video_report import PEOPLE_HEADINGS, PEOPLE_NOTE, people_rows, rates, video_section
from recognizer.runtime import runner
from recognizer.types import U8, FrameResult

TILE_PX = (480, 270)
FACE_PX = (112, 112)
COLUMNS, ROWS = 4, 5
EVERY_S = 0.5
"""A tile of the contact sheets so often."""
_COMMENT = """A draft, made by recognition itself: look at the contact sheets and correct it.
Replace '?' and wrong names, add faces that were not found, join entries of one person, set counts: false
where a face need not be named (turned away, cut off). Boxes may be generous; one face's middle must stay inside."""


class Collector:
    """Keeps who was reported where, and each track's face; with ``sheets``, also small pictures of the whole."""

    def __init__(self, *, sheets: bool = False) -> None:
        self.frames: list[tuple[float, list[Seen]]] = []
        self.tiles: list[U8] = []
        self.faces: dict[tuple[int, str | None], U8] = {}
        """The largest face of each track, under each name that it bore and under ``None``."""
        self._largest_px: dict[tuple[int, str | None], float] = {}
        self._sheets = sheets
        self._origin: float | None = None
        self._tile_due_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def emit(self, result: FrameResult) -> None:
        """Take note of one frame."""
        if result.closing:
            return
        if self._origin is None:
            self._origin = result.frame.captured_at
        at = result.frame.captured_at - self._origin
        boxes: list[Box] = [tuple(map(float, box)) for box in result.tracks.boxes]  # type: ignore[misc]
        seen = [Seen(at, who.track_id, box, who.name) for who, box in zip(result.identities, boxes, strict=True)]
        self.frames.append((at, seen))
        self._keep_faces(result.frame.image, seen)
        if self._sheets and at >= self._tile_due_s:
            self._tile_due_s = at + EVERY_S
            tile = cv2.resize(draw(result.frame.image, result.tracks, result.identities), TILE_PX)
            numbers = " ".join(str(who.track_id) for who in result.identities)
            told = f"{at:.2f} s  tracks {numbers}"
            cv2.putText(tile, told, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 255), 1, cv2.LINE_AA)
            self.tiles.append(np.asarray(tile, np.uint8))

    def _keep_faces(self, image: U8, seen: list[Seen]) -> None:
        for face in seen:
            size = face.box[2] - face.box[0]
            for key in {(face.track_id, face.name), (face.track_id, None)}:
                if size <= 1.2 * self._largest_px.get(key, 0.0):
                    continue
                more = 0.15 * size
                x1, y1 = (max(0, round(side - more)) for side in face.box[:2])
                x2, y2 = (max(0, round(side + more)) for side in face.box[2:])
                crop = image[y1:y2, x1:x2]
                if crop.size:
                    self._largest_px[key] = size
                    self.faces[key] = np.asarray(cv2.resize(crop, FACE_PX, interpolation=cv2.INTER_AREA), np.uint8)


def video(
    clip: Annotated[str, typer.Argument(help="Video file.")],
    truth: Annotated[Path | None, typer.Option("--truth", help="Truth file (recognizer/evaluation/truth.py).")] = None,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Write a draft truth file and contact sheets instead.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for what --annotate writes.")] = Path("out"),
    gallery: _console.GalleryOption = None,
    config_file: _console.ConfigOption = None,
    model: _console.ModelOption = None,
    engine: _console.EngineOption = None,
    weights_dir: _console.WeightsDirOption = None,
    spec: _console.SpecOption = None,
    report_file: _console.ReportOption = None,
    as_json: _console.JsonOption = False,
) -> None:
    """Recognise a clip and compare with what is known of it: coverage, wrong names, switches, time to the name."""
    if (truth is None) == (not annotate):
        raise UsageError("Wanted either --truth FILE, to compare with, or --annotate, to make a draft of one.")
    known = read_truth(truth) if truth is not None else None
    overrides: dict[str, dict[str, Any]] = {
        "source": {"location": clip},
        "engine": {"name": engine},
        "embed": {"model": model, "weights_dir": weights_dir, "spec": spec},
        "gallery": {"folder": gallery},
    }
    settings = config.load(config_file, overrides)
    collected, enrolled, fingerprint = recognised(settings, sheets=annotate)
    if known is None:
        _write_draft(clip, output, collected)
        return
    found = score(known, collected.frames, enrolled=enrolled)
    if report_file is not None:
        section = video_section(known, found, collected.faces, model=fingerprint)
        report.write(report_file, report.page(f"Video: {known.clip}", [section]))
    if as_json:
        _console.print_json({"clip": known.clip, "model": fingerprint, **found.as_dict()})
    else:
        _show(known, found, fingerprint)


def recognised(settings: config.Settings, *, sheets: bool = False) -> tuple[Collector, frozenset[str], str]:
    """Run on the settings' source as ``run`` does: what was reported, who is enrolled, and the model."""
    frames = build.source(settings)
    with frames:
        pass
    cv2.setNumThreads(1)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    sync(settings, resolved)
    pipeline = build.video_pipeline(settings, resolved)
    collected = Collector(sheets=sheets)
    with counting("frames") as on_progress:

        def told() -> bool:
            on_progress(len(collected.frames), 0)
            return True

        runner.run([frames], pipeline, [collected], wanted=told)
    people = frozenset(build.enrolled_people(settings, resolved.fingerprint).names)
    return collected, people, resolved.fingerprint


def _write_draft(clip: str, folder: Path, collected: Collector) -> None:
    stem = Path(clip).stem
    spans: dict[int, list[Seen]] = {}
    for _, tracks in collected.frames:
        for seen in tracks:
            spans.setdefault(seen.track_id, []).append(seen)
    faces = []
    for rows in spans.values():
        boxes = np.array([row.box for row in rows])
        (x1, y1), (x2, y2) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        named = [row.name for row in rows if row.name]
        who = max(set(named), key=named.count) if named else "?"
        faces.append(Appearance(who, rows[0].at_s, rows[-1].at_s + 0.04, (float(x1), float(y1), float(x2), float(y2))))
    length = collected.frames[-1][0] if collected.frames else 0.0
    target = folder / f"{stem}.truth.yaml"
    per_sheet = COLUMNS * ROWS
    try:
        draft = Truth(Path(clip).name, length, tuple(sorted(faces, key=lambda face: face.from_s)))
        write_truth(target, draft, comment=_COMMENT)
        for number, start in enumerate(range(0, len(collected.tiles), per_sheet), 1):
            (folder / f"{stem}.sheet{number:02d}.jpg").write_bytes(_sheet(collected.tiles[start : start + per_sheet]))
    except OSError as error:
        raise OutputError(f"The draft cannot be written into {folder}: {error.strerror}.") from error
    _console.out.print(f"{escape(str(target))} and contact sheets beside it: look, and correct.", soft_wrap=True)


def _sheet(tiles: list[U8]) -> bytes:
    blank = np.zeros((TILE_PX[1], TILE_PX[0], 3), np.uint8)
    full = [*tiles, *[blank] * (-len(tiles) % COLUMNS)]
    rows = [np.hstack(full[start : start + COLUMNS]) for start in range(0, len(full), COLUMNS)]
    return cv2.imencode(".jpg", np.vstack(rows))[1].tobytes()


def _show(truth: Truth, found: VideoScore, fingerprint: str) -> None:
    values = found.as_dict()
    table = Table(title=f"{escape(truth.clip)}, {escape(fingerprint)}", title_justify="left", show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in rates(found):
        first, _, interval = value.partition("\n")
        table.add_row(name, f"{first}  [dim]{interval}[/]" if interval else first)
    _console.out.print(table)
    if rows := people_rows(found):
        people = Table(*PEOPLE_HEADINGS)
        for column in people.columns[1:]:
            column.justify = "right"
        for row in rows:
            people.add_row(*map(escape, row))
        _console.out.print(people)
        _console.out.print(PEOPLE_NOTE, highlight=False, soft_wrap=True)
    for wrong in values["wrong"]:
        who = wrong["who"] or "nobody"
        told = (
            f"[red]wrong[/] at {wrong['at_s']} s for {wrong['for_s']} s: {escape(who)} called {escape(wrong['name'])}"
        )
        _console.out.print(told)
