"""One picture cannot hurt the next, nor the process that wants it."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.capture.guarded.messages import READY, REPLY, REQUEST, Status
from recognizer.capture.guarded.parent import GuardedDecoder, Picture
from recognizer.capture.guarded.process import DecodingProcess
from recognizer.capture.pictures import decode_scaled
from recognizer.children import python_command
from recognizer.errors import ImageError
from tests.capture.guarded.programs import run

FAKE = f"""
import os, signal, sys, time
from struct import pack
def reply(status, width=0, height=0, text=b"", length=None):
    os.write(1, pack({REPLY.format!r}, status, width, height, 1, 0, len(text) if length is None else length) + text)
os.write(1, {READY!r})
asked = 0
while header := os.read(0, {REQUEST.size}):
    os.read(0, 9)
    asked += 1
    {{}}
"""


def fake(answer: str, *, wall_s: float = 60) -> GuardedDecoder:
    """A decoder with a child that does this for each picture."""
    return GuardedDecoder(lambda: DecodingProcess(python_command("-c", FAKE.format(answer)), wall_s=wall_s))


@pytest.fixture
def decoder() -> Iterator[GuardedDecoder]:
    made = GuardedDecoder()
    yield made
    made.close()


def ask(decoder: GuardedDecoder, data: bytes = b"a picture") -> Picture:
    return decoder.decode(data, has_content=True, name="that.png")


def png(side: int = 5) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), (1, 2, 3)).save(file, "PNG")
    return file.getvalue()


def slow_picture() -> bytes:
    """Pillow reads plain PPM in Python: 5 s of processor time."""
    return b"P3 2200 2200 255\n" + b"1 " * (3 * 2200 * 2200)


def test_a_child_serves_many_pictures(decoder: GuardedDecoder) -> None:
    first = ask(decoder, png(5))
    child = decoder.pid
    assert first.image[0, 0].tolist() == [3, 2, 1]
    with pytest.raises(ImageError, match="damaged"):
        ask(decoder, png(70)[:60])
    assert ask(decoder, png(8)).image.shape == (8, 8, 3)
    assert decoder.pid == child


def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_read(decoder: GuardedDecoder) -> None:
    ask(decoder, png())
    child = decoder.pid
    with pytest.raises(ImageError, match=r"^that\.png: needs more than 1\.5 s to decode") as caught:
        ask(decoder, slow_picture())
    assert caught.value.__cause__ is None  # so that the gallery remembers it
    assert ask(decoder, png()).factor == 1
    assert decoder.pid != child


def test_a_child_killed_from_outside_is_replaced(decoder: GuardedDecoder) -> None:
    ask(decoder, png())
    assert decoder.pid is not None
    os.kill(decoder.pid, signal.SIGKILL)
    assert ask(decoder, png(8)).image.shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("answer", "message", "cause"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"decoder crashed \(SIGSEGV\); copy", None),
        ("sys.exit(3)", r"decoder crashed \(status 3\)", None),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended from outside; pass the picture again", errno.EINTR),
        ("os._exit(71)", "needs more than 300 MB to decode", MemoryError),
        ("reply(2, text=b': x')", "needs more than 300 MB to decode", MemoryError),
        ("reply(0, 9000, 9000); time.sleep(60)", "ended from outside", errno.EINTR),
        ("reply(0, 0, 5); time.sleep(60)", "ended from outside", errno.EINTR),
        ("reply(9); time.sleep(60)", "ended from outside", errno.EINTR),
        ("reply(1, length=5000); time.sleep(60)", "ended from outside", errno.EINTR),
        ("reply(0, 2, 2); os.write(1, b'12345'); sys.exit(0)", "crashed", None),
    ],
)
def test_whatever_the_child_does_is_an_error_of_the_picture(answer: str, message: str, cause: object) -> None:
    decoder = fake(answer)
    with pytest.raises(ImageError, match=message) as caught:
        ask(decoder)
    came = caught.value.__cause__
    assert (came.errno if isinstance(came, OSError) else came and type(came)) == cause
    decoder.close()


def test_a_child_that_hangs_is_killed() -> None:
    decoder = fake("time.sleep(600)", wall_s=0.2)
    with pytest.raises(ImageError, match="takes too long to read") as caught:
        ask(decoder)
    assert isinstance(caught.value.__cause__, OSError)
    assert decoder.pid is None


def test_a_failure_after_other_pictures_is_tried_in_a_fresh_child() -> None:
    decoder = fake(f"reply({int(Status.REFUSED)}, text=b': no') if asked == 1 else os.abort()")
    for _ in range(3):
        with pytest.raises(ImageError, match=r"^that\.png: no$"):
            ask(decoder)
    decoder.close()


def test_texts_of_the_child_hold_no_control_characters() -> None:
    decoder = fake(r"reply(1, text=b': \x1b[31m\n!')")
    with pytest.raises(ImageError) as caught:
        ask(decoder)
    assert str(caught.value) == "that.png: \ufffd[31m\ufffd!"
    decoder.close()


def test_a_child_that_cannot_start_is_the_pictures_error() -> None:
    decoder = GuardedDecoder(lambda: DecodingProcess(python_command("-c", "raise SystemExit('no library')")))
    with pytest.raises(ImageError, match=r"that\.png: cannot be decoded, .* does not start \(no library\)") as caught:
        ask(decoder)
    assert isinstance(caught.value.__cause__, OSError)


def test_very_large_pictures_come_smaller() -> None:
    picture = Image.new("RGB", (6400, 5400), (200, 0, 0))
    picture.paste((0, 0, 200), (0, 0, 3200, 5400))
    for kind, options in (("JPEG", {}), ("PNG", {"compress_level": 1})):
        file = io.BytesIO()
        picture.save(file, kind, **options)
        image, factor = decode_scaled(file.getvalue(), name="x")
        assert (image.shape, factor) == ((2700, 3200, 3), 2), kind
        assert np.abs(image[1000, [800, 2400]].astype(int) - [[200, 0, 0], [0, 0, 200]]).max() < 5


def test_a_very_large_transparent_picture_lies_on_white() -> None:
    picture = Image.new("LA", (6400, 5400), (0, 0))
    picture.paste((0, 128), (0, 0, 3200, 5400))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    image, factor = decode_scaled(file.getvalue(), name="x")
    assert (image.shape, factor) == ((2700, 3200, 3), 2)
    assert image[1000, [800, 2400], 0].tolist() == [127, 255]


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_forked_process_starts_a_child_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    program = """
import os, pathlib, sys
from recognizer.capture.guarded.parent import decoder
from recognizer.capture.pictures import read_picture
path = pathlib.Path(sys.argv[1])
read_picture(path)
child = decoder().pid
if not os.fork():
    read_picture(path)
    print(decoder().pid != child, flush=True)
    sys.exit()
os.wait()
read_picture(path)
print(decoder().pid == child)
"""
    done = run(program, str(tmp_path / "a.png"))
    assert (done.stdout, done.stderr) == ("True\nTrue\n", "")
