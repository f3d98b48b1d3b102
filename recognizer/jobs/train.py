"""python main.py train: teach the project's own small embedder, and make a graph of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer
from rich.markup import escape

from recognizer import build
from recognizer.align import align
from recognizer.config import load
from recognizer.engine.onnxruntime import OnnxRuntimeRunner
from recognizer.engine.openvino import OpenVinoRunner
from recognizer.errors import UsageError
from recognizer.geometry import centres
from recognizer.jobs import console
from recognizer.types import U8

if TYPE_CHECKING:  # the real imports wait until the packages for training were asked for
    from recognizer.train import fit, settings
    from recognizer.train.crops import CutFace

TrainConfig = Annotated[Path, typer.Option("--config", "-c", help="YAML file that describes the training.")]
Export = Annotated[
    Path | None,
    typer.Option(help="Do not train: write the averaged weights of the last checkpoint as an ONNX graph, with a card."),
]


def train(config: TrainConfig = Path("configs/distil.yaml"), export: Export = None) -> None:
    """Distil an embedder; stop it at any time, and the same command resumes."""
    if export is not None and export.suffix != ".onnx":
        raise UsageError(f"--export writes an ONNX graph; {export} does not end in .onnx.")
    try:
        import lightning  # noqa: F401 - asked for here so that its absence has a message
    except ImportError as error:
        raise UsageError("Training needs more packages: pip install -r requirements-train.txt.") from error
    from recognizer.train import fit, settings

    wanted = settings.read(config)
    faces = fit.Faces(data=wanted.data, cache=wanted.out / "cache", cut=_cut(wanted.data.min_face_px))
    if export is None:
        fit.distil(wanted, faces)
        return
    _export(export, config, wanted, faces)


def _export(target: Path, config_path: Path, config: settings.DistilConfig, faces: fit.Faces) -> None:
    from recognizer.train import card, fit, heldout, ship
    from recognizer.train.teacher import Teacher, both_ways

    taken = ship.snapshot(config.student.name, fit.checkpoint_path(config), config.schedule)
    ship.write_graph(taken.network, target)
    engines: dict[str, ship.Engine] = {
        "OpenVINO": lambda path: OpenVinoRunner(path, threads=config.run.threads),
        "ONNX Runtime": lambda path: OnnxRuntimeRunner(path, threads=config.run.threads),
    }
    measured = ship.measure(target, taken.network, faces.test, faces.people, engines)
    teacher = Teacher(name=config.teacher.name, weights=config.teacher.weights, threads=config.run.threads)
    best = heldout.judge(both_ways(teacher, faces.test), faces.people)
    card.write(
        path=target.with_suffix(".md"),
        graph=target,
        config_path=config_path,
        config=config,
        taken=taken,
        faces=len(faces.train),
        teacher_accuracy=best.accuracy,
        measured=measured,
    )
    for row in measured:
        console.out.print(
            f"{row.engine}: held-out accuracy {row.plain.accuracy:.2%}, with mirror {row.mirrored.accuracy:.2%}, "
            f"TAR at FMR 1e-3 {row.plain.tar:.3f}, cosine to the network {row.parity:.6f}"
        )
    console.out.print(f"{taken.samples:,} samples; wrote {escape(str(target))} and its card", soft_wrap=True)


def _cut(min_face_px: int) -> CutFace:
    """Cut the face nearest the picture's centre with the product's own detector and aligner."""
    detector = build.detector(load(None, {"detect": {"min_face_px": min_face_px}}))

    def cut(picture: U8) -> U8 | None:
        cv2.setNumThreads(1)
        found = detector.detect([picture])[0]
        if len(found) == 0:
            return None
        middle = np.array(picture.shape[1::-1], np.float32) / 2
        nearest = np.linalg.norm(centres(found.boxes) - middle, axis=1).argmin()
        chosen = found[np.array([nearest])]
        crop: U8 = align(picture, chosen.landmarks, chosen.scores, np.zeros(1, np.int64)).crops[0]
        return crop

    return cut
