"""Array types and sizes that the other types share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

EMBEDDING_SIZE = 512
"""Dimension of the vectors of nearly every network; each declares its own (`recognizer.types.spec`)."""
CROP_SIZE_PX = 112
"""Side of nearly every network's crop; each declares its own."""
