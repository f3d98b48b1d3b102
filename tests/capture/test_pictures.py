"""Pictures of every kind come out upright and BGR; hostile ones are refused without taking memory."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import textwrap
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.capture.pictures import PICTURE_SUFFIXES, decode_picture, read_picture
from recognizer.errors import ImageError

RED_BGR = (0, 0, 255)


def png_bytes(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG file from its chunks, checksums right."""
    body = b""
    for kind, data in chunks:
        body += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + body


def png_header(width: int, height: int, *, depth: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


def chunk_bomb() -> bytes:
    """44 bytes: a chunk that says it is 2 GB long."""
    return png_bytes([png_header(8, 8)]) + struct.pack(">I", 0x7FFFFFFF) + b"IDATxyz"


def pixel_bomb(side: int = 40_000) -> bytes:
    """A small file that would decode to gigabytes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side * 3)
    data = b"".join(packer.compress(row) for _ in range(200)) + packer.flush()
    return png_bytes([png_header(side, side), (b"IDAT", data), (b"IEND", b"")])


def left_red(width: int = 8, height: int = 4) -> Image.Image:
    """Left half red, the rest blue."""
    picture = Image.new("RGB", (width, height), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, width // 2, height))
    return picture


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff", ".gif", ".ppm", ".avif"])
def test_formats_come_out_bgr(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    left_red(32, 16).save(path)
    image = read_picture(path)
    assert image.shape == (16, 32, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert np.abs(image[8, 4].astype(int) - RED_BGR).max() < 40
    assert np.abs(image[8, 28].astype(int) - (255, 0, 0)).max() < 40
    assert suffix in PICTURE_SUFFIXES


def save(picture: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, **{"format": "PNG", **options})  # type: ignore[arg-type]
    return file.getvalue()


GREY16 = Image.fromarray(np.array([[0, 257 * 100, 65535]], np.uint16))
PALETTE = left_red().convert("P", palette=Image.Palette.ADAPTIVE)


@pytest.mark.parametrize(
    ("data", "first_pixel"),
    [
        (save(Image.new("L", (3, 2), 77)), (77, 77, 77)),
        (save(Image.new("1", (3, 2), 1)), (255, 255, 255)),
        (save(PALETTE), RED_BGR),
        (save(Image.new("RGBA", (3, 2), (255, 0, 0, 255))), RED_BGR),
        (save(Image.new("RGBA", (3, 2), (255, 0, 0, 0))), (255, 255, 255)),
        (save(Image.new("LA", (3, 2), (10, 255))), (10, 10, 10)),
        (save(Image.new("P", (3, 2), 0), transparency=0), (255, 255, 255)),
        (save(Image.new("P", (3, 2), 0), transparency=b"\x00\x00"), (255, 255, 255)),
        (save(Image.new("CMYK", (3, 2), (0, 255, 255, 0)), format="TIFF"), RED_BGR),
        (save(Image.fromarray(np.full((2, 3), 0.5, np.float32)), format="TIFF"), (128, 128, 128)),
        (save(Image.fromarray(np.full((2, 3), 65535, np.int32)), format="TIFF"), (255, 255, 255)),
        (save(Image.new("YCbCr", (8, 8), (76, 85, 255)), format="JPEG"), (0, 0, 254)),
    ],
)
def test_pixel_kinds(data: bytes, first_pixel: tuple[int, int, int]) -> None:
    image = decode_picture(data, name="x")
    assert np.abs(image[0, 0].astype(int) - first_pixel).max() <= 3


def test_sixteen_bit_grey_is_scaled_not_cut() -> None:
    assert decode_picture(save(GREY16), name="x")[0, :, 0].tolist() == [0, 100, 255]


def test_sixteen_bit_colour() -> None:
    rows = b"\x00" + struct.pack(">3H", 65535, 257 * 100, 0)
    data = png_bytes([png_header(1, 1, depth=16), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])
    assert decode_picture(data, name="x")[0, 0].tolist() == [0, 100, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation(kind: str, orientation: int) -> None:
    upright = left_red(32, 16)
    upright.paste((0, 255, 0), (0, 0, 8, 4))
    # what a camera stores so that the viewer's turn (TIFF 6.0, tag 274) brings it upright: the inverse turn
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    options = {} if kind in {"PNG", "TIFF"} else {"quality": 95}
    image = decode_picture(save(stored, format=kind, exif=exif, **options), name="x")
    assert image.shape == (16, 32, 3)
    assert image[1, 2].argmax() == 1
    assert image[12, 4].argmax() == 2
    assert image[12, 28].argmax() == 0


def test_damaged_exif_turns_nothing() -> None:
    data = save(left_red(), format="JPEG", exif=b"Exif\x00\x00garbage that is no TIFF")
    assert decode_picture(data, name="x").shape == (4, 8, 3)


def test_first_picture_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (6, 6), c) for c in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_picture(tmp_path / "a.gif")[0, 0].tolist() == list(RED_BGR)


@pytest.mark.parametrize("size", [(12, 1), (1, 1), (7680, 4320)])
def test_tiny_and_8k(size: tuple[int, int]) -> None:
    image = decode_picture(save(Image.new("RGB", size), format="BMP"), name="x")
    assert image.shape == (size[1], size[0], 3)


def test_result_may_be_written_to() -> None:
    image = decode_picture(save(left_red()), name="x")
    image[0, 0] = 1
    assert image[0, 0, 0] == 1


def test_limit_is_the_callers() -> None:
    data = save(left_red(8, 4))
    assert len(decode_picture(data, name="x", max_pixels=32)) == 4
    with pytest.raises(ImageError, match="at most 31 pixels, its header says 8 x 4 pixels; scale it down"):
        decode_picture(data, name="x", max_pixels=31)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"To whom it may concern, this is a letter.", "got text"),
        (bytes(range(256)), "unknown kind"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(90), "HEIC"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(90), "got a video"),
        (save(left_red(200, 200), format="JPEG")[:900], "damaged or cut off"),
        (save(Image.effect_noise((64, 64), 50))[:900], "damaged or cut off"),
        (save(Image.effect_noise((64, 64), 50), format="TIFF", compression="tiff_lzw")[:900], "damaged"),
        (save(Image.effect_noise((64, 64), 50), format="BMP")[:900], "damaged or cut off"),
        (save(Image.effect_noise((64, 64), 50), format="WEBP")[:200], "damaged"),
        (save(left_red())[:20], "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "got text"),
        (png_bytes([png_header(0, 9), (b"IDAT", b""), (b"IEND", b"")]), "damaged|pixels"),
    ],
)
def test_what_is_no_picture(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        decode_picture(data, name="that.png")
    assert str(caught.value).startswith("that.png: ")


def test_flipped_bytes_never_raise_anything_else() -> None:
    random = np.random.default_rng(3)
    noise = Image.effect_noise((40, 30), 60).convert("RGB")
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"):
        whole = np.frombuffer(save(noise, format=kind), np.uint8)
        for _ in range(40):
            data = whole.copy()
            data[random.integers(len(data), size=3)] = random.integers(256, size=3)
            try:
                decode_picture(data.tobytes(), name="x")
            except ImageError:
                continue


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.mkdir(), "got a folder"),
        (lambda p: os.mkfifo(p), "a device or a pipe"),
        (lambda p: p.touch(), "empty"),
    ],
)
def test_paths_that_are_no_picture(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "a.jpg"
    make(path)  # type: ignore[operator]
    with pytest.raises(ImageError, match=message):
        read_picture(path)


def test_path_with_a_nul() -> None:
    with pytest.raises(ImageError, match="cannot be opened"):
        read_picture(Path("a\0.jpg"))


def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    left_red().save(path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("runs as root, who may read everything")
    with pytest.raises(ImageError, match="may not be read"):
        read_picture(path)


def test_warnings_stay_inside_and_filters_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50_000)  # Pillow warns above it, and refuses above twice of it
    data = save(left_red(300, 250))
    filters = list(warnings.filters)
    done: list[int] = []

    def work() -> None:
        for _ in range(50):
            done.append(len(decode_picture(data, name="x")))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [250] * 150
    assert list(warnings.filters) == filters


@pytest.mark.parametrize("make", [chunk_bomb, pixel_bomb])
def test_bombs_are_refused_cheaply(tmp_path: Path, make: object) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(make())  # type: ignore[operator]
    program = textwrap.dedent(
        """
        import pathlib, sys
        from recognizer.capture.pictures import read_picture
        from recognizer.errors import ImageError

        def peak_mb():
            lines = pathlib.Path("/proc/self/status").read_text().splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

        before = peak_mb()
        try:
            read_picture(pathlib.Path(sys.argv[1]))
        except ImageError:
            print(peak_mb() - before)
        """
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    ran = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    assert float(ran.stdout) < 30
