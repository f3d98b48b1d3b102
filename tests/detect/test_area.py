from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from recognizer.detect.area import GREY, AreaSampler
from recognizer.types import F32, U8


def picture(height: int, width: int) -> U8:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def torch_area(image: U8, height: int, width: int) -> F32:
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()
    return np.asarray(interpolate(tensor, size=(height, width), mode="area")[0].permute(1, 2, 0).numpy())


@pytest.mark.parametrize("size", [(30, 50), (61, 99), (7, 13), (120, 160), (200, 31)])  # down, up, and both
def test_resize_is_torchs_area(size: tuple[int, int]) -> None:
    image = picture(61, 100)
    np.testing.assert_allclose(AreaSampler(image).resize(*size), torch_area(image, *size), rtol=1e-5, atol=1e-4)


def test_crops_are_torchs_area_of_each_part() -> None:
    image = picture(90, 120)
    corners = np.array([[0, 0, 120, 90], [10, 20, 11, 21], [3, 5, 60, 29], [100, 70, 120, 90]], np.int64)
    crops = AreaSampler(image).crops(corners, 24)
    for crop, (x1, y1, x2, y2) in zip(crops, corners, strict=True):
        np.testing.assert_allclose(crop, torch_area(image[y1:y2, x1:x2], 24, 24), rtol=1e-5, atol=1e-4)


def test_parts_beyond_the_picture_are_those_of_a_picture_with_a_grey_border() -> None:
    image = picture(90, 120)
    corners = np.array([[-20, -10, 40, 50], [100, 60, 160, 120], [-30, -30, 150, 130], [5, 5, 60, 60]], np.int64)
    crops = AreaSampler(image).crops(corners, 24)
    bordered = np.asarray(cv2.copyMakeBorder(image, 50, 50, 50, 50, cv2.BORDER_CONSTANT, value=(GREY,) * 3), np.uint8)
    for crop, (x1, y1, x2, y2) in zip(crops, corners + 50, strict=True):
        np.testing.assert_allclose(crop, torch_area(bordered[y1:y2, x1:x2], 24, 24), rtol=1e-5, atol=1e-4)


def test_sums_that_overflow_still_give_the_right_means() -> None:
    image = np.full((4000, 2200, 3), 255, np.uint8)  # 2.2e9 in all, over int32
    np.testing.assert_allclose(AreaSampler(image).resize(20, 11), 255, rtol=1e-5)
    np.testing.assert_allclose(AreaSampler(image).crops(np.array([[2100, 3900, 2200, 4000]]), 24), 255, rtol=1e-5)
