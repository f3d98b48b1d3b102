"""Any name as pixels: the fonts inside OpenCV first, the system's where those do not serve, never a row of boxes.

OpenCV's built-in "uni" font has Latin, Greek, Cyrillic, Chinese, Japanese, Korean, Hebrew and Arabic letters, but it
writes from left to right and joins nothing. Names that need more are set by Pillow with a font of the system that has
their letters, if there is one. A name that no font has is written as the name of its script, with one warning.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import threading
import unicodedata

import cv2
import numpy as np
from bidi.algorithm import get_display
from loguru import logger
from PIL import Image, ImageDraw, ImageFont, features

from recognizer.types import U8

_WEIGHT = 500
_LONGEST = 64
"""Characters of a text that are set at most."""
_PROBE_PX = 24
_lock = threading.Lock()  # cv2.FontFace does not say that it may be shared


@functools.lru_cache(maxsize=512)
def text_mask(text: str, size_px: int) -> U8:
    """Set one line.

    Args:
        text: Any Unicode; control characters are removed.
        size_px: Height of the font, px.

    Returns:
        (line_height(size_px), W) uint8, 255 where there is ink; read-only. W is at least 1.
    """
    clean = _clean(text)
    system = _system_font(clean) if _needs_shaping(clean) or _missing(clean) else None
    if system is not None:
        mask = _set_by_pillow(clean, system, size_px)
    elif _missing(clean):
        mask = _set_by_opencv(_substitute(clean), size_px)
    else:
        mask = _set_by_opencv(_left_to_right(clean), size_px)
    mask.flags.writeable = False
    return mask


def line_height(size_px: int) -> int:
    """Rows that a line of this font takes, px."""
    return size_px + 2 * _margin(size_px)


def _margin(size_px: int) -> int:
    """Room for accents on capitals above, and for tails below, px."""
    return max(3, size_px // 4)


def _baseline(size_px: int) -> int:
    return _margin(size_px) + round(size_px * 0.85)


def _clean(text: str) -> str:
    line = " ".join(unicodedata.normalize("NFC", text).split())
    line = "".join(c for c in line if unicodedata.category(c)[0] != "C" or c in "\u200c\u200d")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _needs_shaping(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text)


@functools.lru_cache(maxsize=1)
def _face() -> cv2.FontFace:
    return cv2.FontFace("uni")


def _set_by_opencv(text: str, size_px: int) -> U8:
    with _lock:
        _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _face(), size_px, _WEIGHT)
        mask = np.zeros((line_height(size_px), max(1, width + 2)), np.uint8)
        cv2.putText(mask, text, (1, _baseline(size_px)), (255,), _face(), size_px, _WEIGHT)
    return mask


def _set_by_pillow(text: str, font_file: str, size_px: int) -> U8:
    font = ImageFont.truetype(font_file, max(4, round(size_px * 0.9)))
    if not features.check("raqm"):
        text = _left_to_right(text)
    left, _, right, _ = font.getbbox(text, anchor="ls")
    picture = Image.new("L", (max(1, int(right - left) + 3), line_height(size_px)))
    ImageDraw.Draw(picture).text((1 - left, _baseline(size_px)), text, fill=255, font=font, anchor="ls")
    return np.array(picture, np.uint8)


@functools.lru_cache(maxsize=4096)
def _has(character: str) -> bool:
    """Whether OpenCV's font has a character: it draws a question mark for those it has not."""
    if character in " ?" or unicodedata.category(character) == "Mn":
        return True
    return not np.array_equal(_probe(character), _probe("?"))


def _probe(character: str) -> U8:
    mask = np.zeros((2 * _PROBE_PX, 3 * _PROBE_PX), np.uint8)
    with _lock:
        cv2.putText(mask, character, (2, _PROBE_PX), (255,), _face(), _PROBE_PX, _WEIGHT)
    return mask


def _missing(text: str) -> str:
    return "".join(c for c in text if not _has(c))


@functools.lru_cache(maxsize=256)
def _system_font(text: str) -> str | None:
    """A font file of the system that has all letters of a text, by fontconfig; ``None`` where there is none."""
    program = shutil.which("fc-list")
    codes = " ".join(f"{ord(c):x}" for c in sorted(set(text)) if c not in " …\u200c\u200d")
    if program is None or not codes:
        return None
    try:
        ran = subprocess.run(  # noqa: S603 - the arguments are hexadecimal numbers
            [program, "-f", "%{file}\n", f":charset={codes}"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    files = [line for line in ran.stdout.splitlines() if line.lower().endswith((".ttf", ".otf", ".ttc"))]
    return min(files, key=_plainness, default=None)


def _plainness(file: str) -> tuple[bool, bool, int, str]:
    """Sort key: upright sans-serif fonts of common weight first."""
    name = file.rsplit("/", 1)[-1].lower()
    special = any(word in name for word in ("bold", "italic", "oblique", "mono", "serif", "light", "condensed"))
    return special, "sans" not in name, len(name), file


def _substitute(text: str) -> str:
    """The text with every run of letters no font has replaced by their script's name in parentheses."""
    words: list[str] = []
    scripts: list[str] = []
    for word in text.split():
        lacking = _missing(word)
        if not lacking:
            words.append(_left_to_right(word))
            continue
        script = unicodedata.name(lacking[0], "unknown sign").split()[0].capitalize()
        if f"({script})" not in words[-1:]:
            words.append(f"({script})")
        scripts.append(script)
    for script in scripts:
        _warn_once(script)
    return " ".join(words)


@functools.lru_cache(maxsize=256)
def _warn_once(script: str) -> None:
    logger.warning(
        "labels: no font here has the letters of {}; such names are written as ({}). Install a font for it "
        "(Debian: fonts-noto-core) to see them.",
        script,
        script,
    )


def _left_to_right(text: str) -> str:
    """Reorder letters as they stand on the line (UAX 9), for a painter that only writes from left to right.

    Points and joiners are removed: the painter would set them as letters of their own.
    """
    if not _needs_shaping(text):
        return text
    letters = "".join(c for c in text if unicodedata.bidirectional(c) != "NSM" and c not in "\u200c\u200d")
    return str(get_display(letters))
