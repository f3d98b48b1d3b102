"""The answer of a replay."""

from __future__ import annotations

from recognizer.app.replay import Replay
from recognizer.serve.models.trials import ReplayResult

MOST_CHANGED = 1000


def replay_answer(found: Replay) -> ReplayResult:
    """Describe what would change; of the changed tracks the newest."""
    values = found.as_dict()
    return ReplayResult(
        **{**values, "changed": values["changed"][:MOST_CHANGED]},
        changed_count=len(found.changed),
    )
