"""What an embedding network wants to be shown, and what it gives: each declares it, nobody guesses it.

The same picture cut or coloured otherwise gives a vector that looks sound and matches nobody. So size, colour order,
normalisation, template or crop and dimension are written down for each network, here for the published ones, in a YAML
file beside it for a graph of one's own (`recognizer.models.spec_file`).
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass, replace

import numpy as np

from recognizer.geometry import ARCFACE_TEMPLATE
from recognizer.types.arrays import CROP_SIZE_PX, EMBEDDING_SIZE, F32

Template = tuple[tuple[float, float], ...]
Channels = float | tuple[float, float, float]
"""One number for all channels, or one for each in the network's order."""


def arcface_template(size_px: int) -> Template:
    """ArcFace's five points, which are given for 112 px, in a crop of another size."""
    scaled = ARCFACE_TEMPLATE.astype(np.float64) * (size_px / CROP_SIZE_PX)
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in scaled)


ARCFACE_112 = arcface_template(CROP_SIZE_PX)


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face is cut out of a picture."""

    size_px: int = CROP_SIZE_PX
    """Side of the square crop."""
    template: Template | None = ARCFACE_112
    """Where the five landmarks belong in the crop, px; ``None``: the face's box is cut out, upright as it stands."""
    margin_px: float = 0.0
    """Of a box: how much of the finished crop's side lies outside the box, both sides together, px."""


@functools.cache
def template_of(crop: CropSpec) -> F32:
    """(5, 2) px, of a cut that goes by landmarks."""
    return np.array(crop.template, np.float32)


class Colour(enum.Enum):
    """Order of the channels that a network was trained with."""

    RGB = "rgb"
    BGR = "bgr"


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """All there is to know of a network to feed it and to read it."""

    crop: CropSpec = CropSpec()
    colour: Colour = Colour.RGB
    mean: Channels = 127.5
    """The input is ``(pixel - mean) / std``, pixels from 0 to 255."""
    std: Channels = 127.5
    dimension: int = EMBEDDING_SIZE
    """Numbers in a vector."""
    output: str | None = "vectors"
    """Name of the vectors in the graph; ``None``: the only output there is."""
    fixed_batch_one: bool = False
    """The graph was exported for one face at a time."""
    norm_range: tuple[float, float] | None = None
    """Lengths, before normalisation, of the vectors of a hopeless and of a good face, where length measures quality."""
    classes: str | None = None
    """Name of the class logits in the graph, where there are any."""


EDGEFACE = EmbedderSpec()
"""``(x / 255 - 0.5) / 0.5``: the EdgeFace repository's transform; also what our own converted graphs expect."""
IRESNET = EDGEFACE
"""``img.div_(255).sub_(0.5).div_(0.5)`` on RGB (InsightFace, ``arcface_torch/inference.py``)."""
MAGFACE = replace(EDGEFACE, colour=Colour.BGR, mean=0.0, std=255.0, norm_range=(10.0, 30.0))
"""``cv2.imread``, ``ToTensor``, mean 0, std 1 (MagFace, ``inference/gen_feat.py``). Its training keeps vectors from 10
up (``l_a``); the ten pictures of its ``examples.ipynb`` have 21.8 to 30.3, the best ones the longest."""
FACENET = replace(EDGEFACE, crop=CropSpec(size_px=160, template=None), mean=127.5, std=128.0, classes="logits")
"""The box that MTCNN finds, margin 0, scaled to 160 px; ``(x - 127.5) / 128`` (facenet-pytorch, ``extract_face`` and
``fixed_image_standardization``)."""
INSIGHTFACE = replace(EDGEFACE, output=None)
"""``blobFromImages(..., 1 / 127.5, mean 127.5, swapRB=True)`` (InsightFace, ``model_zoo/arcface_onnx.py``)."""
ARCFACE_ZOO = replace(EDGEFACE, mean=0.0, std=1.0, output="fc1", fixed_batch_one=True)
"""LResNet100E-IR of the ONNX model zoo: RGB 0..255, the graph itself scales; the vector is brought to unit length
afterwards (``vision/body_analysis/arcface``, ``arcface_inference.ipynb``)."""
