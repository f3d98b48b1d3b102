"""What a picture will take is known from its header."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from recognizer.capture.guarded.budget import MEMORY_BYTES, amount, required, required_for_webp
from recognizer.capture.pictures import decode_picture
from recognizer.errors import ImageError


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def estimate(data: bytes, *, factor: int = 1, turned: bool = False, held: int = 0) -> float:
    """Bytes for each pixel."""
    with Image.open(io.BytesIO(data)) as picture:
        need = required(picture, file_bytes=len(data), held=held, factor=factor, turned=turned)
        return need / picture.width / picture.height


RGB = Image.new("RGB", (160, 160), (9, 99, 199))


@pytest.mark.parametrize(
    ("data", "each"),
    [
        (saved(RGB, "PNG"), 4 + 3),
        (saved(RGB.convert("L"), "PNG"), 1 + 3),
        (saved(RGB, "JPEG"), 4 + 3),
        (saved(RGB, "JPEG", progressive=True, subsampling=0), 4 + 2 * 3),
        (saved(RGB, "JPEG", progressive=True, subsampling=2), 4 + 3),
        (saved(RGB, "TIFF", compression="tiff_lzw", strip_size=1 << 20), 4 + 3),
        (saved(RGB.convert("F"), "TIFF", compression="tiff_lzw", strip_size=1 << 20), 4 + 4),
        (saved(RGB, "BMP"), 4 + 3),
    ],
)
def test_bytes_of_a_pixel(data: bytes, each: float) -> None:
    assert estimate(data) == pytest.approx(each, abs=0.01)


def test_turned_and_reduced_pictures_and_content_in_memory() -> None:
    jpeg = saved(RGB, "JPEG")
    assert estimate(jpeg, turned=True) == 8
    assert estimate(jpeg, factor=2) == 7 / 4
    assert estimate(jpeg, held=160 * 160 * 5) == 5 + 4
    assert estimate(saved(RGB, "PNG"), factor=2) == 4 + 3 / 4


@pytest.mark.parametrize("size", [(20_000_000, 1), (1, 40_000_000)])
def test_a_picture_with_one_very_long_side_is_refused_from_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"needs .* to decode, at most 300 MB"):
        decode_picture(png_header(*size), name="x")


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0MM\0*"}])
def test_a_webp_is_estimated_before_it_is_opened(options: dict[str, object]) -> None:
    assert required_for_webp(saved(Image.new("RGB", (70, 30)), "WEBP", **options)[:30]) == 70 * 30 * 16


def test_amounts_for_people() -> None:
    assert [amount(n) for n in (1_900_000_000, 300_000_000, 10**20)] == ["1.9 GB", "300 MB", "more than 1,000 GB"]


def png_header(width: int, height: int) -> bytes:
    body = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", body), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_picture_over_the_budget_is_refused_with_what_it_needs() -> None:
    data = png_header(12_000, 10_000)
    with pytest.raises(ImageError, match=r"^x\.png: needs 840 MB to decode, at most 300 MB are allowed; save it small"):
        decode_picture(data, name="x.png")
    assert MEMORY_BYTES == 300_000_000
