"""Measure what keeping the history costs recognition: a clip with it and without, interleaved."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recognizer.app import build
from recognizer.app.history import history_sink
from recognizer.bench.subject import Bench
from recognizer.bench.timing import interleaved, milliseconds, ratio
from recognizer.emit.collect import CollectingSink
from recognizer.runtime import runner


def measure(bench: Bench, *, rounds: int, frames: int | None, crops: bool) -> dict[str, Any]:
    """Recognise the clip both ways; CPU time counts all threads, also that which writes the history.

    Args:
        bench: clip, gallery and model.
        rounds: how often each way is measured.
        frames: of the clip, at most.
        crops: keep pictures of faces, too.
    """
    settings = bench.settings
    pipeline = build.video_pipeline(settings, bench.resolved)
    with tempfile.TemporaryDirectory(prefix="recognizer-history-") as folder:
        kept = settings.history.model_copy(update={"enabled": True, "folder": Path(folder), "crops": crops})
        with_history = settings.model_copy(update={"history": kept})

        def off(_: int) -> None:
            sink = CollectingSink(lambda result: len(result.identities))
            runner.run([build.source(settings)], pipeline, [sink], max_frames=frames)

        def on(_: int) -> None:
            sink = CollectingSink(lambda result: len(result.identities))
            history = history_sink(with_history, bench.resolved, live=frozenset(), stop=threading.Event())
            runner.run([build.source(settings)], pipeline, [sink, history], max_frames=frames)

        works: dict[str, Callable[[int], object]] = {"without": off, "with": on}
        spent = interleaved(works, rounds=rounds, warm_up=1)
    return {
        "crops": crops,
        "rounds": rounds,
        "ratio": ratio(spent["with"], spent["without"]).as_dict(),
        **{f"{name}_ms": milliseconds(each) for name, each in spent.items()},
    }
