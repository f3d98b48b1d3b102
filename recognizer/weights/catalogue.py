"""The models there are: where each is published, how it is recognised, under which terms, and what it is good for.

The digests are git blob ids, which three independent repositories of the same files agree on. Parameters, MFLOPs and
LFW accuracies are the ones George et al. publish (https://arxiv.org/abs/2307.01838, table II); their MFLOPs count a
multiplication and an addition as two. The paper gives none for the int8 files.

The order is the order of preference of ``auto``: the best that keeps up with video on two CPU cores comes first, not
the largest. XS costs 5 ms a face on OpenVINO, S 10 ms, base 25 ms, for a tenth of a point on LFW.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import WeightsError

OFFICIAL = "https://gitlab.idiap.ch/bob/bob.paper.tbiom2023_edgeface/-/raw/master/checkpoints/{name}.pt"
EDGEFACE_LICENCE = "BSD-3-Clause (see note)"
EDGEFACE_NOTE = (
    "The EdgeFace repository is under BSD-3-Clause; some re-publications label its weights CC BY-NC-SA 4.0. "
    "Ask Idiap before commercial use."
)
SHIPPED_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalogue."""

    name: str
    licence: str
    good_for: str
    """In a few words, for the table of ``models list``."""
    parameters: int
    """Weights and biases of the float network."""
    mflops: float | None = None
    """Millions of operations a face, as published; a multiply-add counts two."""
    lfw_percent: float | None = None
    """Verification accuracy on LFW as published, %."""
    url: str | None = None
    """Official address of the checkpoint; ``None`` where there is no download."""
    blob_id: str | None = None
    """Git blob id of the official checkpoint; ``None`` where the repository itself carries the file."""
    shipped: Path | None = None
    """ONNX graph inside the package; it may be absent from a checkout."""
    note: str = ""
    """What to know about the licence."""

    @property
    def fingerprint(self) -> str:
        """What vectors of the official file are signed with, on every machine and engine.

        Raises:
            ValueError: if the entry has no official file.
        """
        if self.blob_id is None:
            raise ValueError(f"{self.name} has no official file; its fingerprint is that of the shipped graph.")
        return fingerprint(self.name, self.blob_id)

    @property
    def shipped_file(self) -> Path | None:
        """The graph inside the package when this checkout has it."""
        return self.shipped if self.shipped is not None and self.shipped.is_file() else None


def fingerprint(name: str, digest: str) -> str:
    """Name a set of weights: the model and the first 12 digits of its file's digest."""
    return f"{name}-{digest[:12]}"


def _published(
    name: str,
    blob_id: str,
    parameters: int,
    good_for: str,
    mflops: float | None = None,
    lfw_percent: float | None = None,
) -> Entry:
    return Entry(
        name=name,
        licence=EDGEFACE_LICENCE,
        note=EDGEFACE_NOTE,
        good_for=good_for,
        parameters=parameters,
        mflops=mflops,
        lfw_percent=lfw_percent,
        url=OFFICIAL.format(name=name),
        blob_id=blob_id,
    )


_ENTRIES = (
    _published(
        "edgeface_xs_gamma_06",
        "af5f8c5cf75e8b90d82d08f7a07ee10677327bfd",
        1_770_492,
        "the default: live video on two CPU cores",
        154.00,
        99.73,
    ),
    _published(
        "edgeface_xs_q",
        "6177cb0d59a94830e64d8da358b6a7f7529403ab",
        2_242_620,
        "as the default; a download of 3 MB",
    ),
    _published(
        "edgeface_s_gamma_05",
        "07346953c3045297a5a9bddfb6a173fd27c4398e",
        3_652_520,
        "more accuracy at twice the time",
        306.12,
        99.78,
    ),
    _published(
        "edgeface_base",
        "913d1d769d57a5251953afbe45b6dc59bf06f21a",
        18_225_812,
        "most accuracy: pictures, or a GPU",
        1398.83,
        99.83,
    ),
    _published(
        "edgeface_xxs",
        "9cd55d480a4e60c3ccb8d0e33730b89c6932c6f0",
        1_244_744,
        "small boards, many faces at once",
        94.72,
        99.57,
    ),
    _published(
        "edgeface_xxs_q",
        "665779fdd6717f4f6e43b9c9cc9cdf791d1336e1",
        1_244_744,
        "as xxs; a download of 1.7 MB",
    ),
    Entry(
        name="edgeface_xxs_own",
        licence="see its model card",
        good_for="works without a download; less accurate than the published ones",
        parameters=1_244_744,
        mflops=94.72,
        shipped=SHIPPED_FOLDER / "edgeface_xxs_own.onnx",
    ),
)
CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def entry_of(name: str) -> Entry:
    """Look a model up.

    Raises:
        WeightsError: if there is none of that name.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        raise WeightsError(
            f"No model {name!r}; there are: auto, {', '.join(CATALOGUE)}, or a path to a .pt or .onnx file."
        ) from None


def entry_with_digest(blob_id: str) -> Entry | None:
    """Find the model whose official file has this git blob id."""
    return next((entry for entry in CATALOGUE.values() if entry.blob_id == blob_id), None)
