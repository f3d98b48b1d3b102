"""Take pictures out of forms: bounded, by their content, decoded by the guarded decoder alone."""

from __future__ import annotations

from fastapi import UploadFile

from recognizer.capture.guarded.parent import Picture
from recognizer.capture.pictures import decode_scaled
from recognizer.errors import ImageError
from recognizer.serve.errors import ServiceError, from_domain
from recognizer.serve.limits import IMAGE_BYTES, IMAGE_PIXELS, MIB

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Brands of ISO/IEC 23008-12 files, bytes 8 to 12, that iPhones write."""


def checked(upload: UploadFile, field: str) -> UploadFile:
    """Check an uploaded picture without reading it: size, and what it begins with.

    Args:
        upload: part of a form.
        field: its name, for messages; what the client calls the file is not used.

    Raises:
        ServiceError: 413 ``image_too_large``, 415 for HEIC, 422 ``invalid_image`` where it is empty.
    """
    if (upload.size or 0) > IMAGE_BYTES:
        raise ServiceError(413, "image_too_large", f"{field}: at most {IMAGE_BYTES // MIB} MiB are read of a picture.")
    head = upload.file.read(12)
    upload.file.seek(0)
    if not head:
        raise ServiceError(422, "invalid_image", f"{field}: wanted a picture, the file is empty.")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        raise ServiceError(415, "heic_not_supported", f"{field}: HEIC is not read here; send it as JPEG.")
    return upload


def content(upload: UploadFile) -> bytes:
    """Read an uploaded picture; when its turn has come, so that those that wait are on disk."""
    upload.file.seek(0)
    return bytes(upload.file.read())


async def picture_bytes(upload: UploadFile, field: str) -> bytes:
    """Check an uploaded picture, and read it. Raises as ``checked``."""
    return content(checked(upload, field))


def decoded(data: bytes, field: str) -> Picture:
    """Decode a picture in the guarded child.

    Raises:
        ServiceError: 422 ``invalid_image`` or ``image_too_many_pixels``.
    """
    try:
        return decode_scaled(data, name=field, max_pixels=IMAGE_PIXELS)
    except ImageError as error:
        raise from_domain(error) from error
