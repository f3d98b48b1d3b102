"""python main.py evaluate embeddings CLIP: what a budget of embeddings a second costs in names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from recognizer.app.config import Settings
from recognizer.app.recognise_clip import RecognisedClip, recognise_clip
from recognizer.cli import _console, _options
from recognizer.cli._people_folder import whole_numbers
from recognizer.cli._progress import counting
from recognizer.cli.evaluate_video import enrolled_model
from recognizer.decide.decider import Decider
from recognizer.evaluation.every_face import EveryFaceDecider
from recognizer.evaluation.truth import Truth, read_truth
from recognizer.evaluation.video import score
from recognizer.evaluation.video_score import VideoScore
from recognizer.models.resolve import ResolvedModel


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A clip under one budget."""

    budget: str
    per_s: float
    """Embeddings taken, in a second of the clip."""
    found: VideoScore

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"budget": self.budget, "embeddings_per_s": round(self.per_s, 2), **self.found.as_dict()}


def embeddings(
    clip: Annotated[str, typer.Argument(help="Video file.")],
    truth: Annotated[Path, typer.Option("--truth", help="Truth file (recognizer/evaluation/truth.py).")],
    budgets: Annotated[str, typer.Option(help="Embeddings a second, separated by commas.")] = "2,5,10,20",
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """How many names does a budget of embeddings a second (decide.embeddings_per_s) keep, against all of all faces?"""
    wanted = whole_numbers(budgets, "--budgets")
    known = read_truth(truth)
    settings = _options.load_settings(
        config_file,
        gallery=gallery,
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        spec=spec,
        source={"location": clip},
    )
    resolved = enrolled_model(settings)
    rows = [_row("every face of every frame", known, _recognised(settings, resolved, None, EveryFaceDecider))]
    rows.append(_row("none: as many as they want", known, _recognised(settings, resolved, None)))
    rows += [_row(f"{per_s:g} a second", known, _recognised(settings, resolved, per_s)) for per_s in wanted]
    if as_json:
        _console.print_json(
            {"clip": known.clip, "model": resolved.fingerprint, "rows": [row.as_dict() for row in rows]}
        )
        return
    _show(rows, f"{known.clip}, {resolved.fingerprint}")


def _recognised(
    settings: Settings, resolved: ResolvedModel, per_s: float | None, decider: type[Decider] | None = None
) -> RecognisedClip:
    decide = settings.decide.model_copy(update={"embeddings_per_s": per_s})
    return recognise_clip(settings.model_copy(update={"decide": decide}), resolved, decider=decider, counting=counting)


def _row(budget: str, known: Truth, recorded: RecognisedClip) -> BudgetRow:
    length_s = recorded.frames[-1][0] - recorded.frames[0][0] if recorded.frames else 0.0
    found = score(known, recorded.frames, enrolled=recorded.enrolled)
    return BudgetRow(budget, recorded.embeddings / length_s if length_s else 0.0, found)


def _show(rows: Sequence[BudgetRow], title: str) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("budget")
    for heading in ("embeddings a second", "coverage", "wrong names", "time to name, s", "longest, s", "never named"):
        table.add_column(heading, justify="right")
    for row in rows:
        waits = row.found.as_dict()["time_to_name_s"]
        times = ["-" if waits[key] is None else f"{waits[key]:.2f}" for key in ("median", "largest")]
        share = f"{100 * row.found.coverage:.1f} %" if row.found.counted_s else "none to count"
        table.add_row(row.budget, f"{row.per_s:.1f}", share, str(len(row.found.wrong)), *times, str(waits["never"]))
    _console.out.print(table)
