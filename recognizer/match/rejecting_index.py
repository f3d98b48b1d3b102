"""An index that heeds rejections: "this is not Alice"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognizer.protocols import VectorIndex
from recognizer.types import F32, Embeddings, Matches
from recognizer.types.rejection import Rejection


class RejectingIndex:
    """Search another index; a probe nearer to a rejected face than to the person it was rejected as matches nobody.

    Args:
        index: finds the nearest person.
        rejections: of the index's model.
    """

    def __init__(self, index: VectorIndex, rejections: Sequence[Rejection]) -> None:
        self._index = index
        self._by_person: dict[str, tuple[F32, list[Rejection]]] = {}
        for person in {rejection.person for rejection in rejections}:
            own = [rejection for rejection in rejections if rejection.person == person]
            self._by_person[person] = np.stack([rejection.vector for rejection in own]), own

    def search(self, probes: Embeddings) -> Matches:
        """Find the nearest person of each probe, unless that match was rejected.

        Raises:
            FingerprintError: if the probes are another model's.
        """
        found = self._index.search(probes)
        names, notes = list(found.names), list(found.notes)
        similarities, runner_up = found.similarities.copy(), found.runner_up.copy()
        for row, name in enumerate(found.names):
            if name not in self._by_person:
                continue
            vectors, rejections = self._by_person[name]
            nearness = vectors @ probes.vectors[row]
            nearest = int(nearness.argmax())
            if nearness[nearest] > similarities[row]:
                names[row], similarities[row], runner_up[row] = None, -1.0, -1.0
                notes[row] = f"rejected as {name} on {rejections[nearest].at:%Y-%m-%d}"
        return Matches(tuple(names), similarities, runner_up, tuple(notes))
