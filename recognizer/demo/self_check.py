"""Holds the events of the demonstration against its script: right people, right times, nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from recognizer.demo.demo_clip import EMPTY, LENGTH_S, SCRIPT, Appearance

MIN_COVERED = 0.5
"""Share of an appearance that must carry the name; walking in, turning and being recognised take their time."""
LINGER_S = 2.5
"""How long a name may outlive its person: a lost track keeps its number for a while before it is given up."""
SETTLE_S = 0.2
"""The clip's times and the container's may differ by a few frames."""


@dataclass(frozen=True, slots=True)
class Named:
    """A track that carried a name for a while."""

    name: str
    track_id: int
    begins_s: float
    ends_s: float
    similarity: float
    box: tuple[float, ...]
    """x1, y1, x2, y2 px, where the name was given."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one appearance of the script."""

    appearance: Appearance
    named: tuple[Named, ...]
    """The spans that rightly carried the person's name."""
    covered: float
    """Share of the appearance in them."""
    misnamed: tuple[Named, ...]
    """The spans in which the person was called something else."""
    problems: tuple[str, ...]
    """In words; empty when all is right."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of the demonstration."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    """In words; empty when all is right."""


def check(
    events: Sequence[Mapping[str, Any]],
    *,
    script: Sequence[Appearance] = SCRIPT,
    empty: tuple[float, float] = EMPTY,
    length_s: float = LENGTH_S,
) -> Outcome:
    """Compare events with the truth.

    Args:
        events: objects of the event log, in order.
        script: who was on screen when.
        empty: seconds in which nobody was.
        length_s: of the clip.
    """
    spans = named_spans(events, length_s)
    rows = tuple(_row(appearance, spans, events, script) for appearance in script)
    problems = [problem for row in rows for problem in row.problems]
    problems += [
        f"at {span.begins_s:.1f} s {span.name} was named where nobody is (track {span.track_id})"
        for span in spans
        if _nearest(span.box, span.begins_s, script) is None
    ]
    problems += _seen_in(empty, events)
    problems += [
        f"{span.name} was still said to be there at {span.ends_s:.1f} s (track {span.track_id})"
        for span in spans
        if not any(_within(span, appearance) for appearance in script)
    ]
    return Outcome(rows, tuple(problems))


def _within(span: Named, appearance: Appearance) -> bool:
    return (
        span.name == appearance.person
        and appearance.begins_s - SETTLE_S <= span.begins_s
        and span.ends_s <= appearance.ends_s + LINGER_S
    )


def as_document(outcome: Outcome, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome as one JSON object, with the run's summary in it."""
    rows = [
        {
            "person": row.appearance.person,
            "enrolled": row.appearance.enrolled,
            "begins_s": row.appearance.begins_s,
            "ends_s": row.appearance.ends_s,
            "covered": round(row.covered, 3),
            "named": [asdict(span) for span in row.named],
        }
        for row in outcome.rows
    ]
    return {"right": not outcome.problems, "problems": list(outcome.problems), "seen": rows, "summary": summary}


def named_spans(events: Sequence[Mapping[str, Any]], length_s: float) -> list[Named]:
    """From the events of all tracks to who was named from when to when."""
    spans: list[Named] = []
    open_spans: dict[int, Named] = {}

    def close(track_id: int, at_s: float) -> None:
        if span := open_spans.pop(track_id, None):
            spans.append(replace(span, ends_s=at_s))

    for event in events:
        track_id, at_s, name = int(event["track_id"]), float(event["at_s"]), event["name"]
        kind = event["kind"]
        if kind == "lost":
            close(track_id, at_s)
        elif kind in {"recognised", "changed"}:
            close(track_id, at_s)
            if name:
                box = tuple(float(side) for side in event["box"])
                open_spans[track_id] = Named(name, track_id, at_s, length_s, float(event["similarity"]), box)
    for track_id in list(open_spans):
        close(track_id, length_s)
    return sorted(spans, key=lambda span: (span.begins_s, span.track_id))


def _seen_in(empty: tuple[float, float], events: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"at {event['at_s']:.1f} s somebody {event['kind']} in the empty room (track {event['track_id']})"
        for event in events
        if event["kind"] in {"appeared", "recognised", "changed"}
        and empty[0] + SETTLE_S <= float(event["at_s"]) < empty[1]
    ]


def _nearest(box: Sequence[float], at_s: float, script: Sequence[Appearance]) -> Appearance | None:
    """Whose face the middle of a box lies on."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    best: tuple[float, Appearance] | None = None
    for appearance in script:
        pose = appearance.pose(at_s) or appearance.pose(at_s - SETTLE_S)
        if pose is None:
            continue
        distance = float(((x - pose.x) ** 2 + (y - pose.y) ** 2) ** 0.5)
        if distance < 0.75 * pose.width and (best is None or distance < best[0]):
            best = (distance, appearance)
    return best[1] if best else None


def _row(
    appearance: Appearance, spans: Sequence[Named], events: Sequence[Mapping[str, Any]], script: Sequence[Appearance]
) -> Row:
    when = f"{appearance.begins_s:.1f} to {appearance.ends_s:.1f} s"
    who = appearance.person if appearance.enrolled else f"the stranger ({appearance.person})"
    misnamed = tuple(
        span
        for span in spans
        if span.name != appearance.person and _nearest(span.box, span.begins_s, script) is appearance
    )
    problems = [
        f"at {span.begins_s:.1f} s {who} was called {span.name} (similarity {span.similarity:.2f})" for span in misnamed
    ]
    if not appearance.enrolled:
        if not any(_appeared_on(appearance, event) for event in events):
            problems.append(f"{who}, {when}: not noticed")
        return Row(appearance, (), 0.0, misnamed, tuple(problems))
    own = tuple(
        span
        for span in spans
        if span.name == appearance.person and span.begins_s < appearance.ends_s and span.ends_s > appearance.begins_s
    )
    length = appearance.ends_s - appearance.begins_s
    covered = sum(min(s.ends_s, appearance.ends_s) - max(s.begins_s, appearance.begins_s) for s in own) / length
    if covered < MIN_COVERED:
        problems.append(f"{who}, {when}: named for {covered:.0%} of it, wanted {MIN_COVERED:.0%}")
    return Row(appearance, own, covered, misnamed, tuple(problems))


def _appeared_on(appearance: Appearance, event: Mapping[str, Any]) -> bool:
    at_s = float(event["at_s"])
    return event["kind"] == "appeared" and _nearest(event["box"], at_s, [appearance]) is not None
