"""A limit on what one packet of a camera may cost: FFmpeg itself takes up to 2 GB for a part that does not end."""

from __future__ import annotations

import ctypes
import functools

import av._core
from loguru import logger

LARGEST_PACKET_BYTES = 2**24
"""16 MB: a key frame of a 4K camera has 0.5 to 2 MB, a picture of 16 megapixels as JPEG up to 10."""
_LARGEST_BLOCK_BYTES = 2**27
"""128 MB: the largest block of memory of FFmpeg; one BGR picture of the largest frame of H.264 and H.265 (level 6.2,
35.7 megapixels) has 107 MB."""


@functools.cache
def limit_blocks() -> None:
    """Let FFmpeg refuse larger blocks of memory in this process, whatever asks for them (libavutil/mem.h).

    A part of Motion JPEG without an end, or an RTP picture without its last packet, ends in an error then.
    """
    try:
        ctypes.CDLL(av._core.__file__).av_max_alloc(ctypes.c_size_t(_LARGEST_BLOCK_BYTES))
    except (OSError, AttributeError) as error:  # where a library does not show what it is linked with, as on Windows
        logger.debug("FFmpeg's blocks of memory have no limit here: {}", error)
