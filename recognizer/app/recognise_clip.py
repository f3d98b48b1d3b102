"""Recognise a clip as ``run`` does, and keep what its evaluation needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2

from recognizer.app import build, config
from recognizer.app.embedded import Counting, uncounted
from recognizer.decide.decider import Decider
from recognizer.emit.collect import CollectingSink
from recognizer.evaluation.clip_record import ClipRecord
from recognizer.evaluation.video import Seen
from recognizer.models.resolved_model import ResolvedModel
from recognizer.runtime import runner
from recognizer.types import U8


@dataclass(frozen=True, slots=True, eq=False)
class RecognisedClip:
    """What a run on a clip reported."""

    frames: Sequence[tuple[float, Sequence[Seen]]]
    """Time from the clip's start, s, and the reported tracks of each frame."""
    faces: Mapping[tuple[int, str | None], U8]
    """(track, a name it had or ``None``) -> its largest face under that name, BGR."""
    tiles: Sequence[U8]
    """Small labelled pictures of the clip; none unless wanted."""
    enrolled: frozenset[str]
    """Names in the gallery."""
    model: str
    """Fingerprint."""
    embeddings: int
    """Faces embedded."""


def recognise_clip(
    settings: config.Settings,
    resolved: ResolvedModel,
    *,
    tiles: bool = False,
    decider: type[Decider] | None = None,
    counting: Counting = uncounted,
) -> RecognisedClip:
    """Recognise the settings' source from beginning to end.

    Args:
        settings: of source, gallery, detector and engine.
        resolved: the model; the gallery is enrolled with it.
        tiles: also keep small labelled pictures.
        decider: another kind than the settings say, to compare with.
        counting: shows the progress.

    Raises:
        SourceError: if the source cannot be read.
    """
    cv2.setNumThreads(1)
    pipeline = build.video_pipeline(settings, resolved, decider=decider)
    record = ClipRecord(tiles=tiles)
    sink = CollectingSink(record.add)
    with counting("frames") as on_progress:

        def report_progress() -> bool:
            on_progress(len(sink.values), 0)
            return True

        runner.run([build.source(settings)], pipeline, [sink], go_on=report_progress)
    enrolled = frozenset(build.enrolled_people(settings, resolved.fingerprint).names)
    return RecognisedClip(sink.values, record.faces, record.tiles, enrolled, resolved.fingerprint, record.embeddings)
