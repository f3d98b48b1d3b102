"""List the published models: address, digest, licence, figures, use.

The digests are git blob ids; three independent repositories of the same files agree on them. Parameters, MFLOPs and
LFW accuracies of EdgeFace are those of George et al. (https://arxiv.org/abs/2307.01838, table II); their MFLOPs count
a multiply-add as two. The paper gives none for the int8 files.

The order is the preference of ``auto``, which chooses among the EdgeFace models: first the best that keeps up with
video on two CPU cores. XS takes 5 ms a face on OpenVINO, S 10 ms, base 25 ms, for a gain of 0.1 points on LFW.

For the other models no digest of a checkpoint is published: conversion checks a file key for key, and the fingerprint
of its vectors holds its own digest. The model zoo's file is recognised by the digest in its repository. MFLOPs of
IResNet and InceptionResnetV1 were counted on the networks here; ``arcface_torch`` gives half as many for R18, R50 and
R100, counting a multiply-add as one. LFW: README of facenet-pytorch and of the ONNX model zoo, MagFace paper table 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import WeightsError
from recognizer.models.published_specs import ARCFACE_ZOO, EDGEFACE, FACENET, IRESNET, MAGFACE
from recognizer.types.spec import EmbedderSpec

OFFICIAL = "https://gitlab.idiap.ch/bob/bob.paper.tbiom2023_edgeface/-/raw/master/checkpoints/{name}.pt"
EDGEFACE_LICENCE = "BSD-3-Clause (see note)"
EDGEFACE_NOTE = (
    "The EdgeFace repository is under BSD-3-Clause; some re-publications label its weights CC BY-NC-SA 4.0. "
    "Ask Idiap before commercial use."
)
SHIPPED_FOLDER = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalogue."""

    name: str
    licence: str
    good_for: str
    """Use in a few words, for the table of ``models list``."""
    parameters: int
    """Weights and biases of the float network."""
    mflops: float | None = None
    """Millions of operations a face; a multiply-add counts as two."""
    lfw_percent: float | None = None
    """Verification accuracy on LFW as published, %."""
    url: str | None = None
    """Official address of the checkpoint; ``None`` without a download."""
    blob_id: str | None = None
    """Git blob id of the official checkpoint; ``None`` where none is published, or the package ships the graph."""
    sha256: str | None = None
    """SHA-256 of the official file, where that is the published digest."""
    graph_sha256: str | None = None
    """SHA-256 of the graph that converter 2 makes of the official file with torch 2.14, the same in nine conversions on
    one machine; ``None`` where it is not known. An imported graph is verified only by it."""
    shipped: Path | None = None
    """ONNX graph inside the package; the file may be missing."""
    note: str = ""
    """Note on the licence."""
    spec: EmbedderSpec = EDGEFACE
    """Input and output of the network."""
    in_auto: bool = True
    """``auto`` may choose it."""
    official_stem: str = ""
    """Published file name without suffix, where it is not the model's name."""
    how_to_get: str = ""
    """Where to get the file, for a model without a download."""

    @property
    def has_network(self) -> bool:
        """Whether it comes as a torch checkpoint that is converted here."""
        return self.shipped is None and self.spec.output == EDGEFACE.output

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of vectors of the official file, on every machine and engine.

        Raises:
            ValueError: if no digest of an official file is known.
        """
        if self.blob_id is None:
            raise ValueError(f"{self.name} has no known digest; its fingerprint is that of the file in use.")
        return fingerprint_of(self.name, self.blob_id)

    @property
    def shipped_file(self) -> Path | None:
        """Return the graph inside the package; ``None`` when it is missing."""
        return self.shipped if self.shipped is not None and self.shipped.is_file() else None


def fingerprint_of(name: str, digest: str) -> str:
    """Return the fingerprint of weights: the model and the first 12 digits of the file's digest."""
    return f"{name}-{digest[:12]}"


def _published(
    name: str,
    blob_id: str,
    parameters: int,
    good_for: str,
    mflops: float | None = None,
    lfw_percent: float | None = None,
    graph_sha256: str | None = None,
) -> Entry:
    return Entry(
        name=name,
        graph_sha256=graph_sha256,
        licence=EDGEFACE_LICENCE,
        note=EDGEFACE_NOTE,
        good_for=good_for,
        parameters=parameters,
        mflops=mflops,
        lfw_percent=lfw_percent,
        url=OFFICIAL.format(name=name),
        blob_id=blob_id,
    )


def _facenet(name: str, stem: str, parameters: int, lfw_percent: float) -> Entry:
    return Entry(
        name=name,
        licence="MIT (code and files); the training data is for research",
        good_for="InceptionResnetV1 of facenet-pytorch, 160 px; with classes",
        parameters=parameters,
        mflops=2_844,
        lfw_percent=lfw_percent,
        url=f"https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/{stem}.pt",
        spec=FACENET,
        in_auto=False,
        official_stem=stem,
    )


ARCFACE_TORCH = (
    "InsightFace: research only",
    "ArcFace's IResNet, by path",
    "backbone.pth from the model zoo of https://github.com/deepinsight/insightface (recognition/arcface_torch)",
)
MAGFACE_REPOSITORY = (
    "Apache-2.0 (code); trained on MS1MV2",
    "MagFace's IResNet, by path; the vector's length is quality",
    "magface_*.pth from the model zoo of https://github.com/IrvingMeng/MagFace",
)


def _by_path(
    name: str,
    parameters: int,
    mflops: float,
    origin: tuple[str, str, str],
    spec: EmbedderSpec,
    lfw_percent: float | None = None,
) -> Entry:
    licence, good_for, how_to_get = origin
    return Entry(
        name=name,
        licence=licence,
        good_for=good_for,
        parameters=parameters,
        mflops=mflops,
        lfw_percent=lfw_percent,
        spec=spec,
        in_auto=False,
        how_to_get=how_to_get,
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
        graph_sha256="848b956eee3d4432372a3d7153e9f86576bcb30b5e56cdc7b7c3b5a931332b9c",
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
        graph_sha256="50abb5c2507c81c40276abc6881f78cd4fe41a1aa1b1632255a7d0d64632396f",
    ),
    Entry(
        name="edgeface_xxs_own",
        licence="see its model card",
        good_for="works without a download; less accurate than the published ones",
        parameters=1_244_744,
        mflops=94.72,
        shipped=SHIPPED_FOLDER / "edgeface_xxs_own.onnx",
    ),
    _facenet("facenet_vggface2", "20180402-114759-vggface2", 27_910_327, 99.65),
    _facenet("facenet_casia", "20180408-102900-casia-webface", 28_907_599, 99.05),
    _by_path("iresnet18", 24_025_600, 5_220, ARCFACE_TORCH, IRESNET),
    _by_path("iresnet34", 34_139_328, 8_919, ARCFACE_TORCH, IRESNET),
    _by_path("iresnet50", 43_590_848, 12_619, ARCFACE_TORCH, IRESNET),
    _by_path("iresnet100", 65_156_160, 24_179, ARCFACE_TORCH, IRESNET),
    _by_path("magface_iresnet18", 24_025_600, 5_220, MAGFACE_REPOSITORY, MAGFACE),
    _by_path("magface_iresnet34", 34_139_328, 8_919, MAGFACE_REPOSITORY, MAGFACE),
    _by_path("magface_iresnet50", 43_590_848, 12_619, MAGFACE_REPOSITORY, MAGFACE),
    _by_path("magface_iresnet100", 65_156_160, 24_179, MAGFACE_REPOSITORY, MAGFACE, lfw_percent=99.83),
    Entry(
        name="arcface_zoo",
        licence="Apache-2.0",
        good_for="LResNet100E-IR of the ONNX model zoo, by path",
        parameters=65_156_160,
        mflops=24_179,
        lfw_percent=99.77,
        spec=ARCFACE_ZOO,
        in_auto=False,
        official_stem="arcfaceresnet100-8",
        sha256="f3a6bc281e72f88862f5748b53be3d76b3b48f8f1ab1f4a537941bdc4e1b01da",
        how_to_get="arcfaceresnet100-8.onnx from https://github.com/onnx/models (vision/body_analysis/arcface)",
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
            f"No model {name!r}; there are: auto, {', '.join(CATALOGUE)}, or a .pt, .pth, .ckpt or .onnx file."
        ) from None


def entry_with_digest(blob_id: str) -> Entry | None:
    """Find the model whose official file has this git blob id."""
    return next((entry for entry in CATALOGUE.values() if entry.blob_id == blob_id), None)


def entry_with_sha256(sha256: str) -> Entry | None:
    """Find the model whose official file has this SHA-256."""
    return next((entry for entry in CATALOGUE.values() if entry.sha256 == sha256), None)
