"""The YAML file of a training: every key, its unit and its range; one with a ``teacher`` distils."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from recognizer.train.embedder.heads import HEADS, Head
from recognizer.train.loop import settings as loop

TRIPLET = "triplet"
LEAST_INCEPTION_PX = 75
"""Of a smaller picture nothing is left for its last reduction."""


class Stage(loop.Section):
    """From how many samples on the network learns at which size."""

    after: loop.Count
    size_px: Annotated[int, Field(ge=32, le=112)]


class FaceSchedule(loop.Schedule):
    """See ``Schedule``; and how large the faces are."""

    sizes: tuple[Stage, ...] = (Stage(after=0, size_px=112),)
    """In rising order of ``after``; the first begins at 0."""

    def size_px(self, seen: int) -> int:
        """Side of the network's input after ``seen`` samples."""
        return next(stage.size_px for stage in reversed(self.sizes) if stage.after <= seen)


class EmbedderConfig(loop.LoopConfig):
    """What every training of an embedder needs."""

    schedule: FaceSchedule

    def faults(self) -> list[str]:
        """See ``LoopConfig``."""
        starts = [stage.after for stage in self.schedule.sizes]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            return [f"schedule.sizes must begin with after: 0 and rise, came {starts}", *super().faults()]
        return super().faults()


class Data(loop.Section):
    """Faces of a distillation. Relative paths start at the working directory."""

    archives: Path
    """Folder of tar archives with aligned 112 x 112 faces."""
    lfw: Path
    """Folder with LFW's ``pairs.txt`` and ``images/``."""
    min_face_px: loop.Positive = 40
    """Smallest face to detect in an LFW picture."""
    views: loop.Positive = 4
    """Random views of each crop; the teacher embeds each one once."""
    turned_deg: loop.Rate = 25.0
    """Faces whose yaw is larger count as turned: 8 % of the archives' faces, 7 % of LFW's (1,000 of each measured)."""
    turned_times: loop.Positive = 1
    """How often a pass shows a turned face, each time in another view; at most ``views`` times."""


class TeacherSettings(loop.Section):
    """Whose vectors are learned."""

    name: str
    weights: Path


class Network(loop.Section):
    """What learns, from a random start unless ``finetune`` says otherwise."""

    name: str = "edgeface_xxs"
    """edgeface_xxs, _xs, _s or _base, a published variant of them, iresnet18, 34, 50 or 100, inception_resnet_v1."""
    rank_ratio: Annotated[float, Field(gt=0, le=1)] | None = None
    """EdgeFace only: low rank of its linear layers as a share of their smaller side; absent: as the name says."""
    layer_scale: loop.Rate = 0.3
    """EdgeFace only: start of each block's branch scale; timm's 1e-6 is for networks 30 times as long in training."""


class Student(Network):
    """What learns from the teacher."""

    initial: Path | None = None
    """An ONNX graph of the same network, as ``--export`` writes it, whose weights a new training starts from; absent:
    a random start. A training that resumes takes its checkpoint's."""


class Losses(loop.Section):
    """Weights of a distillation's terms; 0 switches a term off."""

    cosine: loop.Weight = 1.0
    relation: loop.Weight = 0.0
    contrast: loop.Weight = 0.0
    temperature: loop.Rate = 0.07
    bank: loop.Positive = 4096
    """Teacher vectors of recent samples that the contrast term compares with."""


class DistilConfig(EmbedderConfig):
    """A file that distils."""

    data: Data
    teacher: TeacherSettings
    student: Student = Student()
    losses: Losses = Losses()

    def faults(self) -> list[str]:
        """See ``LoopConfig``."""
        found = super().faults()
        if self.data.turned_times > self.data.views:
            found.append(
                f"data.turned_times ({self.data.turned_times}) must not be more than data.views ({self.data.views})"
            )
        return found


class Augment(Enum):
    """What is done to a face before the network sees it."""

    NONE = "none"
    MIRROR = "mirror"
    """Every other time its mirror image, as ArcFace and EdgeFace were trained."""
    CAMERA = "camera"
    """What cameras, detectors and codecs do to it (``augment``)."""


class PeopleData(loop.Section):
    """Whose faces are learned. Relative paths start at the working directory."""

    people: Path
    """A folder with one folder of pictures for each person, or an InsightFace ``.rec`` file."""
    cache: Path | None = None
    """Where the faces cut out of a folder's pictures are kept, 38 KB each; trainings may share it."""
    aligned: bool = False
    """The folder's pictures are aligned faces already; else the face nearest the centre of each is cut out."""
    min_face_px: loop.Positive = 40
    """Smallest face to detect, and shortest side of an aligned picture."""
    min_photos: loop.Positive = 2
    """People with fewer usable pictures are dropped."""
    photos_each: loop.Positive | None = None
    """Balanced batches: so many pictures of each of batch / photos_each people; absent: all pictures once a pass."""
    augment: Augment = Augment.MIRROR


class Validation(loop.Section):
    """Pairs of the held-out test after each round: one of these."""

    lfw: Path | None = None
    """Folder with LFW's ``pairs.txt`` and ``images/``: folds 9 and 10; nobody of that name trains."""
    bin: Path | None = None
    """One of InsightFace's ``.bin`` sets."""
    people_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """This share of the people in ``data.people`` does not train but test, at least four."""


class HeadSettings(loop.Section):
    """The margin and how the centres of people learn."""

    name: str = "arcface"
    options: dict[str, float] = Field(default_factory=dict)
    """Numbers of the head in place of its paper's: scale, margin, ..."""
    centre_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Partial FC: the share of all centres that a step computes."""
    centre_rate: loop.Rate = 0.01
    """Full rate of the centres. InsightFace's 0.1 is for batches of a thousand; with 64 it overshoots at first."""
    centre_momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    centre_decay: loop.Weight = 5e-4

    def build(self) -> Head:
        """The head.

        Raises:
            ValueError: if there is no such head or it has no such number; the message says which there are.
        """
        if self.name not in HEADS:
            raise ValueError(f"there is no head {self.name!r}; there are: {', '.join([*HEADS, TRIPLET])}")
        kind = HEADS[self.name]
        known = list(kind.__dataclass_fields__)  # type: ignore[attr-defined]
        unknown = [key for key in self.options if key not in known]
        if unknown:
            raise ValueError(f"{self.name} has no {', '.join(unknown)}; it has: {', '.join(known)}")
        return kind(**self.options)

    @property
    def triplet_margin(self) -> float | None:
        """The margin of the triplet loss, ``None`` where a softmax is wanted."""
        return self.options.get("margin", 0.2) if self.name == TRIPLET else None


class FineTune(loop.Section):
    """Start from weights that are good already."""

    weights: Path
    """A published ``.pt`` file of the network, a ``.ckpt`` of a training, or a graph that ``train --export`` wrote,
    such as the model that ships."""
    frozen_samples: loop.Count = 0
    """For so long only the last layer and the centres learn; then everything."""
    guard: Path | None = None
    """LFW's folder or one of InsightFace's ``.bin`` sets: a model that became worse there replaces nothing either."""


class PeopleConfig(EmbedderConfig):
    """A file that teaches a network to tell people apart."""

    data: PeopleData
    validation: Validation
    network: Network = Network()
    head: HeadSettings = HeadSettings()
    finetune: FineTune | None = None

    def faults(self) -> list[str]:
        """See ``LoopConfig``."""
        found = super().faults()
        data, batch = self.data, self.schedule.batch
        try:
            if self.head.triplet_margin is None:
                self.head.build()
        except ValueError as error:
            found.append(f"head: {error}")
        if self.head.triplet_margin is not None and set(self.head.options) - {"margin"}:
            found.append("head: triplet has no number but margin")
        if len([way for way in self.validation.model_dump().values() if way is not None]) != 1:
            found.append("validation: give one of lfw, bin and people_share")
        if data.photos_each is not None and batch % data.photos_each:
            found.append(f"schedule.batch ({batch}) must be a multiple of data.photos_each ({data.photos_each})")
        if self.head.triplet_margin is not None and (data.photos_each or 1) < 2:
            found.append("head: triplet needs several pictures of a person in each batch: data.photos_each: 2 or more")
        if self.finetune is not None and self.validation.bin is not None:
            found.append("finetune: a .bin set does not say who is who; validation: people_share or lfw")
        edgeface = self.network.name.startswith("edgeface")
        if self.optimiser.method is loop.Method.MUON and not edgeface:
            found.append(
                f"optimiser.method: muon is EdgeFace's; {self.network.name} has no matrices inside: sgd, adamw"
            )
        if self.network.rank_ratio is not None and not edgeface:
            found.append("network.rank_ratio is EdgeFace's")
        if self.network.name.startswith("iresnet") and {stage.size_px for stage in self.schedule.sizes} != {112}:
            found.append("schedule.sizes: an IResNet takes 112 px only")
        if self.network.name.startswith("inception") and any(
            stage.size_px < LEAST_INCEPTION_PX for stage in self.schedule.sizes
        ):
            found.append(f"schedule.sizes: {self.network.name} takes {LEAST_INCEPTION_PX} px or more")
        return found


def read(path: Path) -> DistilConfig | PeopleConfig:
    """Read and check a YAML file.

    Raises:
        ConfigError: if the file is missing, is no YAML, or holds a key or value that is not allowed; the message names
            each key.
    """
    return config_from(loop.mapping(path), path)


def config_from(raw: Mapping[str, Any], path: Path) -> DistilConfig | PeopleConfig:
    """Check the keys and values of a file; see ``read``."""
    return DistilConfig.checked(raw, path) if "teacher" in raw else PeopleConfig.checked(raw, path)
