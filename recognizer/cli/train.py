"""python main.py train: teach an embedder, from people or from a teacher, and make a graph of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from recognizer.align import align, pose
from recognizer.app import build
from recognizer.app.config import load
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting
from recognizer.errors import UsageError, WeightsError
from recognizer.geometry import centres
from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner
from recognizer.models.engines.openvino import OpenVinoRunner
from recognizer.types import U8

CANDIDATE_PX = 40
"""Smallest proposal from which the follow net learns what is no face."""

if TYPE_CHECKING:  # the real imports wait until training is requested
    from recognizer.embed.trained import Snapshot
    from recognizer.train.crops import CutFace, YawOf
    from recognizer.train.embedder import settings, ship, tasks

app = typer.Typer(help="Teach an embedding model; stop it at any time, and the same command resumes.")

TrainConfig = Annotated[Path, typer.Option("--config", "-c", help="YAML file that describes the training.")]
Export = Annotated[
    Path | None,
    typer.Option(
        help="Write the averaged weights of the last checkpoint as an ONNX graph, without training; "
        "what was fine-tuned, only if it became better."
    ),
]


@app.callback(invoke_without_command=True)
def train(context: typer.Context, config: TrainConfig = Path("configs/distil.yaml"), export: Export = None) -> None:
    """Teach an embedding model; stop it at any time, and the same command resumes.

    The file says what is learned: people, by a margin softmax or triplets (configs/train-arcface.yaml), your own people
    from weights that are good already (configs/finetune.yaml), or a teacher's vectors (configs/distil.yaml). The
    checkpoint it leaves is used as it is, run --model OUT/checkpoints/last.ckpt, once calibrate --people has measured
    its thresholds. A fine-tuned model is written to OUT/model.onnx only if it tells held-out people apart better
    and, with finetune.guard, people from elsewhere no worse.
    """
    if context.invoked_subcommand is None:
        work(config, export)


def work(config: Path, export: Path | None) -> None:
    """Train as a file says, or export what was trained."""
    export = None if export is None else _graph_file(export)
    need_packages()
    from recognizer.train.embedder import settings, tasks

    wanted = settings.read(config)
    if export is not None and not wanted.last_checkpoint.exists():
        raise WeightsError(
            f"--export does not train, and {wanted.last_checkpoint} is not there; train first, without it."
        )
    cut = face_cutter(wanted.data.min_face_px)
    if isinstance(wanted, settings.PeopleConfig):
        known = tasks.gather(wanted, cut)
        comparison = tasks.comparison(wanted, known, cut) if wanted.finetune else None  # it may refuse: before training
        if export is None:
            tasks.learn(wanted, known)
        if comparison is not None:
            comparison.require_improvement(wanted)  # a model that did not become better ends here
            export = export or wanted.out / "model.onnx"
        if export is not None:
            _export_people(export, wanted, known)
        return
    faces = tasks.Faces(data=wanted.data, cache=wanted.out / "cache", cut=cut, yaw_of=yaw_meter())
    if export is None:
        tasks.distil(wanted, faces)
        return
    _export(export, config, wanted, faces)


@app.command()
def compare(
    config: Annotated[Path, typer.Option("--config", "-c", help="YAML file: base, and trials that change its keys.")],
    as_json: _options.JsonOption = False,
) -> None:
    """Train each trial of a file with one budget and print how they did; stopped, it carries on."""
    need_packages()
    from recognizer.train.embedder import compare as trials
    from recognizer.train.embedder.comparison import as_dict

    outcomes = trials.compare(trials.read(config), face_cutter)
    if as_json:
        _console.print_json(
            [
                {
                    "trial": row.name,
                    "parameters": row.parameters,
                    "samples": row.samples,
                    "hours": round(row.hours, 3),
                    "fmr": row.fmr,
                    **as_dict(row.score),
                }
                for row in outcomes
            ]
        )
        return
    table = Table(
        caption="In brackets 95 %: of accuracy over pairs, of TAR over people. One run each; no claim beyond it."
    )
    for heading in ("trial", "weights", "samples", "min", "accuracy, %", f"TAR at FMR {outcomes[0].fmr:g}, %"):
        table.add_column(heading, justify="left" if heading == "trial" else "right", no_wrap=heading != "trial")
    for row in outcomes:
        score = row.score
        table.add_row(
            escape(row.name),
            f"{row.parameters / 1e6:.2f} M",
            f"{row.samples:,}",
            f"{60 * row.hours:.0f}",
            _with_interval(score.accuracy, score.accuracy_interval),
            _with_interval(score.tar, score.tar_interval),
        )
    _console.out.print(table)


def _with_interval(share: float, interval: tuple[float, float]) -> str:
    return f"{100 * share:.1f} \\[{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


@app.command()
def proposals(
    config: Annotated[Path, typer.Option("--config", "-c", help="YAML file that describes the training.")] = Path(
        "configs/proposals.yaml"
    ),
    export: Export = None,
) -> None:
    """Teach the net that says where faces may be, with MTCNN as its teacher; stopped, it carries on."""
    _train_net("proposals", config, export)


@app.command()
def follow(
    config: Annotated[Path, typer.Option("--config", "-c", help="YAML file that describes the training.")] = Path(
        "configs/follow.yaml"
    ),
    export: Export = None,
) -> None:
    """Teach the net that finds a face again where it was, with MTCNN as its teacher; stopped, it carries on."""
    _train_net("follow", config, export)


def _train_net(name: str, config: Path, export: Path | None) -> None:
    need_packages()
    from recognizer.train.detection import settings, training
    from recognizer.train.detection.task import Teacher
    from recognizer.train.follow.task import FollowTask
    from recognizer.train.proposals.task import ProposalTask

    wanted = settings.read(config)
    # without nets of our own: refine is O-Net
    mtcnn = load(None, {"detect": {"min_face_px": wanted.data.min_face_px}, "track": {"follow": "onet"}})
    proposals = build.proposal_net(load(None, {"detect": {"min_face_px": CANDIDATE_PX}}))
    teacher = Teacher(build.exact_detector(mtcnn), proposals.propose)
    task = (ProposalTask if name == "proposals" else FollowTask)(box_weight=wanted.box_weight)
    if export is None:
        training.learn(task, wanted, teacher)
    else:
        training.export(task, wanted, teacher, _graph_file(export))


@app.command()
def convert(
    records: Annotated[Path, typer.Argument(help="InsightFace's .rec file; its .idx is used if it lies beside it.")],
    target: Annotated[Path, typer.Argument(help="Folder to write; it must be empty or absent.")],
    to: Annotated[str, typer.Option("--to", help="folders, or datasets (Hugging Face's, on disk).")] = "folders",
) -> None:
    """Turn a record file into a folder of people, or into a Hugging Face data set."""
    need_packages()
    from recognizer.train.embedder.unpack import Into, unpack

    ways = [way.value for way in Into]
    if to not in ways:
        raise UsageError(f"--to: there is no {to!r}; there are: {', '.join(ways)}.")
    with counting(f"unpacking {records.name}") as on_progress:
        count = unpack(records, target, Into(to), on_progress)
    _console.out.print(f"{count:,} pictures in {escape(str(target))}", soft_wrap=True)


def _graph_file(path: Path) -> Path:
    if path.suffix != ".onnx":
        raise UsageError(f"--export writes an ONNX graph; {path} does not end in .onnx.")
    return path


def need_packages() -> None:
    """Say what to install where the packages for training are absent.

    Raises:
        UsageError: if they are.
    """
    try:
        import lightning  # noqa: F401 - imported here so that its absence has a message
    except ImportError as error:
        raise UsageError("Training needs more packages: pip install -r requirements-train.txt.") from error


def _export_people(target: Path, config: settings.PeopleConfig, known: tasks.Class) -> None:
    from recognizer.embed import trained
    from recognizer.train.embedder import ship

    taken = trained.snapshot(config.last_checkpoint)
    ship.write_graph(taken.network, target)
    measured = ship.measure(target, taken.network, known.test, known.pairs, _engines(config.run.threads))
    _tell(target, taken, measured)


def _export(target: Path, config_path: Path, config: settings.DistilConfig, faces: tasks.Faces) -> None:
    from recognizer.train.embedder import card, heldout, ship
    from recognizer.train.embedder.teacher import Teacher, both_ways

    student = config.student
    taken = ship.snapshot(student.name, student.rank_ratio, config.last_checkpoint, config.schedule)
    ship.write_graph(taken.network, target)
    measured = ship.measure(target, taken.network, faces.test, faces.people, _engines(config.run.threads))
    teacher = Teacher(name=config.teacher.name, weights=config.teacher.weights, threads=config.run.threads)
    best = heldout.verify(both_ways(teacher, faces.test), faces.people)
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
    _tell(target, taken, measured)
    _console.out.print(f"Its card: {escape(str(target.with_suffix('.md')))}", soft_wrap=True)


def _engines(threads: int) -> dict[str, ship.Engine]:
    return {
        "OpenVINO": lambda path: OpenVinoRunner(path, threads=threads),
        "ONNX Runtime": lambda path: OnnxRuntimeRunner(path, threads=threads),
    }


def _tell(target: Path, taken: Snapshot, measured: list[ship.Measured]) -> None:
    for row in measured:
        _console.out.print(
            f"{row.engine}: held-out accuracy {row.plain.accuracy:.2%}, with mirror {row.mirrored.accuracy:.2%}, "
            f"TAR at FMR 1e-3 {row.plain.tar:.3f}, cosine to the network {row.parity:.6f}"
        )
    _console.out.print(f"{taken.samples:,} samples; wrote {escape(str(target))}", soft_wrap=True)


def yaw_meter() -> YawOf:
    """Measure the yaw of an aligned face by the landmarks that the product's detector finds in it."""
    detector = build.exact_detector(load(None, {"track": {"follow": "onet"}}))
    box = np.array([[16, 8, 96, 112]], np.float32)  # what MTCNN boxes of an aligned face, 112 px

    def yaw_deg(crop: U8) -> float:
        landmarks = detector.refine(np.ascontiguousarray(crop[..., ::-1]), box).landmarks
        return float(pose(landmarks)[1][0])

    return yaw_deg


def face_cutter(min_face_px: int) -> CutFace:
    """Cut the face nearest the picture's centre with the product's own detector and aligner."""
    detector = build.exact_detector(load(None, {"detect": {"min_face_px": min_face_px}}))

    def cut(picture: U8) -> U8 | None:
        cv2.setNumThreads(1)
        found = detector.detect([picture])[0]
        if len(found) == 0:
            return None
        middle = np.array(picture.shape[1::-1], np.float32) / 2
        nearest = np.linalg.norm(centres(found.boxes) - middle, axis=1).argmin()
        chosen = found[np.array([nearest])]
        crop: U8 = align(picture, chosen.landmarks, chosen.scores).crops[0]
        return crop

    return cut
