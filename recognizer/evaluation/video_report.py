"""Show the score of a clip in an HTML report: rates, people, a timeline, and the faces of the errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from recognizer.evaluation.plots import Bar, timeline
from recognizer.evaluation.report import embedded, table
from recognizer.evaluation.truth import Truth
from recognizer.evaluation.video_score import TrackScore, VideoScore
from recognizer.types import U8

Faces = Mapping[tuple[int, str | None], U8]
"""(track, a name it had or ``None``) -> the largest face under that name, BGR."""

_COLOURS = {
    "in view": "#b9c2cf",
    "in view, need not be named": "#e6e9ee",
    "correctly named": "#1f8a5b",
    "wrongly named": "#d1344b",
}
SHOWN = 24
"""Faces of each kind."""


def rates(found: VideoScore) -> list[tuple[str, str]]:
    """List each measure and its value as text; intervals on a second line."""
    values = found.as_dict()

    def rate(value: Mapping[str, Any]) -> str:
        if value["rate"] is None:
            return "none to count"
        low, high = value["interval_95"]
        return f"{value['rate']:.3f}{' of ' + str(value['of']) if 'of' in value else ''}\n{low:.3f} to {high:.3f}"

    coverage = f"{100 * found.coverage:.1f} %" if found.counted_s else "none to count"
    rows = [("coverage: correctly named share of enrolled face-time", coverage)]
    if values["coverage_of_all"] is not None:
        rows.append(("the same with appearances that need not be named", f"{100 * values['coverage_of_all']:.1f} %"))
    rows += [
        ("wrong names", str(values["wrong_names"])),
        ("wrong names per face-hour, 95 %", rate(values["wrong_names_per_face_hour"])),
        ("tracks wrongly named, 95 %", rate(values["wrong_names_per_track"])),
        ("TPIR per track, 95 %", rate(values["tpir"])),
        ("FPIR per track of others, 95 %", rate(values["fpir"])),
        ("identity switches", str(values["identity_switches"])),
    ]
    waits = values["time_to_name_s"]
    if waits["median"] is not None:
        times = f"median {waits['median']:.2f} s, largest {waits['largest']:.2f} s, never {waits['never']}"
        rows.append(("time to the correct name", times))
    return rows


def people_rows(found: VideoScore) -> list[tuple[str, ...]]:
    """List the columns of ``PEOPLE_HEADINGS`` for each enrolled person."""
    return [
        (
            name,
            str(person["appearances"]),
            f"{person['counted_s']:.1f} s",
            "-" if person["coverage"] is None else f"{100 * person['coverage']:.1f} %",
            "-" if person["time_to_name_s"] is None else f"{person['time_to_name_s']:.2f} s",
            str(person["never_named"]),
            str(person["called_wrongly"]),
            str(person["given_to_others"]),
        )
        for name, person in found.people().items()
    ]


PEOPLE_HEADINGS = ("person", "entries", "in view", "coverage", "wait", "never", "wrong", "misused")
PEOPLE_NOTE = (
    "Of the truth's entries that must be named: time in view, coverage, median wait for the correct name, entries "
    "never named. Wrong: wrong names this person had; misused: wrong uses of this name for others."
)


def video_section(truth: Truth, found: VideoScore, faces: Faces, *, model: str) -> str:
    """Show tables, timeline and faces of one clip.

    Args:
        truth: of the clip.
        found: the score.
        faces: pictures of tracks.
        model: its fingerprint.
    """
    head = f"<h2>{escape(truth.clip)}, {escape(model)}</h2>"
    people = "<p>The truth has no enrolled person.</p>"
    if rows := people_rows(found):
        people = f"{table(PEOPLE_HEADINGS, rows)}<p>{PEOPLE_NOTE}</p>"
    tables = f"{table((), rates(found))}<h3>People</h3>{people}"
    return f"{head}{tables}{_timeline(truth, found)}{''.join(_faces(found, faces))}"


def _timeline(truth: Truth, found: VideoScore) -> str:
    enrolled = list(found.people())
    others = dict.fromkeys(face.who for face in truth.faces if face.who not in enrolled)
    more = dict.fromkeys(span.name for span in found.spans if span.name not in enrolled and span.name not in others)
    bars = [
        Bar(
            score.face.who,
            score.face.from_s,
            score.face.to_s,
            _COLOURS["in view" if score.face.counts else "in view, need not be named"],
            f"{score.face.who} in view {score.face.from_s:.2f} to {score.face.to_s:.2f} s",
        )
        for score in found.appearances
    ]
    for span in found.spans:
        what = "correctly named" if span.correct else "wrongly named"
        note = f"track {span.track_id} {what} {span.name}, {span.from_s:.2f} to {span.to_s:.2f} s"
        bars.append(Bar(span.name, span.from_s, span.to_s, _COLOURS[what], note, thin=True))
    return timeline("Who was named when", truth.length_s, [*enrolled, *others, *more], bars, _COLOURS)


def _faces(found: VideoScore, faces: Faces) -> Iterator[str]:
    wrong = [
        (wrong.track_id, wrong.name, f"{wrong.from_s:.2f} s: {wrong.who or 'nobody'} named {wrong.name}")
        for wrong in found.wrong
    ]
    yield from _pictures("Wrong names", wrong, faces)
    missed = [seen for seen in found.track_scores if seen.enrolled and seen.who not in seen.names]
    yield from _pictures("Tracks of enrolled people never correctly named", _tracks(missed), faces)
    strangers = [seen for seen in found.track_scores if not seen.enrolled]
    yield from _pictures("Tracks of strangers and false detections", _tracks(strangers), faces)


def _tracks(tracks: Sequence[TrackScore]) -> list[tuple[int, str | None, str]]:
    return [(seen.track_id, None, f"track {seen.track_id}, {seen.seconds:.1f} s: {seen.who or '?'}") for seen in tracks]


def _pictures(title: str, shown: Sequence[tuple[int, str | None, str]], faces: Faces) -> Iterator[str]:
    yield f"<h3>{escape(title)}: {len(shown) or 'none'}</h3>"
    figures = []
    for track, name, caption in shown[:SHOWN]:
        image = faces.get((track, name))
        picture = "" if image is None else f'<img src="{embedded(image)}" alt="">'
        figures.append(f'<figure class="one">{picture}<figcaption>{escape(caption)}</figcaption></figure>')
    yield f'<div class="pairs">{"".join(figures)}</div>'
