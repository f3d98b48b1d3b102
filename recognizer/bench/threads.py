"""How many threads every library may use, set and read back: stages must not fight for the cores.

One each, as measured: the nets, pictures and products here are so small that more threads cost more than they give
when anything else runs, and what runs in parallel are decoding, recognising and writing.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import cv2


def set_up(threads: int) -> None:
    """Hold OpenCV, FAISS and torch, where they are loaded, to so many threads; engines are told when they are made."""
    cv2.setNumThreads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    if "faiss" in sys.modules:
        sys.modules["faiss"].omp_set_num_threads(threads)


def in_use(engine_threads: int) -> dict[str, Any]:
    """What is in force now, by library; ``None`` where a library is not loaded.

    Args:
        engine_threads: what the graph engines were made with.
    """
    torch, faiss = sys.modules.get("torch"), sys.modules.get("faiss")
    return {
        "cores": os.cpu_count(),
        "openvino": engine_threads,
        "onnxruntime": engine_threads,
        "opencv": cv2.getNumThreads(),
        "openblas": _number(os.environ.get("OPENBLAS_NUM_THREADS")),
        "openmp": _number(os.environ.get("OMP_NUM_THREADS")),
        "torch": torch.get_num_threads() if torch else None,
        "faiss": faiss.omp_get_max_threads() if faiss else None,
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
