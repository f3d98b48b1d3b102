"""What a camera and its codec do to a picture; and faces pasted into one."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from recognizer.types import F32, U8

Rng = np.random.Generator


def seen_by_camera(picture: U8, rng: Rng) -> U8:
    """Light, colour, focus, noise and codec."""
    out: np.ndarray[Any, Any] = picture
    if rng.random() < 0.8:
        ramp = np.linspace(0, 1, 256)[:, None] ** np.exp(rng.normal(0, 0.35))
        gains = np.exp(rng.normal(0, 0.06, 3) + rng.normal(0, 0.25))
        table = np.clip(
            (((ramp - 0.5) * np.exp(rng.normal(0, 0.25)) + 0.5) * gains + rng.normal(0, 0.06)) * 255, 0, 255
        )
        out = cv2.LUT(out, table.astype(np.uint8).reshape(1, 256, 3))
    if rng.random() < 0.2:
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        colour = 0.0 if rng.random() < 0.5 else rng.uniform(0.2, 0.8)
        out = cv2.addWeighted(out, colour, grey, 1 - colour, 0)
    if rng.random() < 0.25:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.25:
        out = np.clip(out + rng.standard_normal(out.shape, np.float32) * rng.uniform(2, 14), 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, code = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))])
        out = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
    return np.ascontiguousarray(out, np.uint8)


def oval(side: int) -> F32:
    """(side, side, 1) in [0, 1]: all of the face, none of the crop's corners."""
    at = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    away = np.sqrt((at[None, :] / 0.95) ** 2 + ((at[:, None] - 0.05) / 1.05) ** 2)
    return np.asarray(np.clip((1.05 - away) / 0.2, 0, 1)[..., None], np.float32)
