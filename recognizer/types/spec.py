"""The input and output of an embedding network: crop, colour order, normalisation, dimension, output names.

A face cropped or coloured differently gives a vector that looks valid and matches nobody. So every network declares
its spec: the published ones in `recognizer.models.published_specs`, a graph of one's own in a YAML file beside it
(`recognizer.models.spec_file`).
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass

import numpy as np

from recognizer.geometry import ARCFACE_TEMPLATE
from recognizer.types.arrays import CROP_SIZE_PX, EMBEDDING_SIZE, F32

Template = tuple[tuple[float, float], ...]
Channels = float | tuple[float, float, float]
"""One number for all channels, or one for each in the network's order."""


def arcface_template(size_px: int) -> Template:
    """Scale ArcFace's five points, published for a crop of 112 px, to another size."""
    scaled = ARCFACE_TEMPLATE.astype(np.float64) * (size_px / CROP_SIZE_PX)
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in scaled)


ARCFACE_112 = arcface_template(CROP_SIZE_PX)


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face is cropped from a picture."""

    size_px: int = CROP_SIZE_PX
    """Side of the square crop."""
    template: Template | None = ARCFACE_112
    """Where the five landmarks belong in the crop, px; ``None``: the face's box is cropped, without rotation."""
    margin_px: float = 0.0
    """For a box: pixels of the finished crop's side that lie outside the box, both sides together."""


@functools.cache
def template_of(crop: CropSpec) -> F32:
    """Return the template of a crop by landmarks as an array, (5, 2) px."""
    return np.array(crop.template, np.float32)


class Colour(enum.Enum):
    """Order of the channels that a network was trained with."""

    RGB = "rgb"
    BGR = "bgr"


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """The input and output of an embedding network."""

    crop: CropSpec = CropSpec()
    colour: Colour = Colour.RGB
    mean: Channels = 127.5
    """The input is ``(pixel - mean) / std``, pixels from 0 to 255."""
    std: Channels = 127.5
    dimension: int = EMBEDDING_SIZE
    """Numbers in a vector."""
    output: str | None = "vectors"
    """Name of the vectors in the graph; ``None``: the graph's only output."""
    fixed_batch_one: bool = False
    """The graph was exported with a fixed batch size of one."""
    norm_range: tuple[float, float] | None = None
    """Lengths, before normalisation, of the vectors of a hopeless and of a good face, where length measures quality."""
    classes: str | None = None
    """Name of the class logits in the graph, where there are any."""
