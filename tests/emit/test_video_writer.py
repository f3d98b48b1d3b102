"""The labelled video plays in a browser, keeps the times, and is whole or absent."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import av
import numpy as np
import pytest

from recognizer.emit.encoded_picture import fit
from recognizer.emit.video import VideoWriter
from recognizer.errors import OutputError
from recognizer.types import U8, FrameResult
from tests.results import make_result


def plain(result: FrameResult) -> U8:
    return result.frame.image


def colour(red: int, green: int, blue: int, size: tuple[int, int] = (64, 48)) -> U8:
    return np.full((size[1], size[0], 3), (blue, green, red), np.uint8)


def write(path: Path, pictures: list[tuple[float, U8]]) -> VideoWriter:
    with VideoWriter(path, render=plain) as writer:
        for number, (at, image) in enumerate(pictures):
            writer.emit(make_result(at, index=number, image=image))
    return writer


def test_times_size_codec_and_colour(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.mp4"
    write(path, [(5.0, colour(200, 30, 30)), (5.04, colour(30, 200, 30)), (7.0, colour(30, 30, 200))])
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        frames = list(video.decode(stream))
        duration = float((stream.duration or 0) * (stream.time_base or 0))
    assert [frame.time for frame in frames] == pytest.approx([0, 0.04, 2.0])
    assert duration == pytest.approx(2.0 + 1.96)
    shown = [frame.to_ndarray(format="rgb24")[20, 20].astype(int) for frame in frames]
    assert np.abs(np.array(shown) - [(200, 30, 30), (30, 200, 30), (30, 30, 200)]).max() < 12
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert sorted(p.name for p in path.parent.iterdir()) == ["out.mp4"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_last_frame_is_not_shown_again_without_its_labels(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, render=plain) as writer:
        for result in (make_result(0.0), make_result(0.04, index=1)):
            writer.emit(result)
        writer.on_end("clip", ())
    with av.open(str(path)) as video:
        assert len(list(video.decode(video=0))) == 2


def test_times_that_stand_still_or_fall_back(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [(at, colour(9, 9, 9)) for at in (0.0, 0.0, 1.0, 0.5, 2.0)])
    with av.open(str(tmp_path / "a.mp4")) as video:
        times = [frame.time for frame in video.decode(video=0)]
    assert len(times) == 5
    assert (np.diff(np.array(times, float)) > 0).all()
    assert times[-1] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("size", "wanted"), [((65, 49), (66, 50)), ((1, 1), (16, 16)), ((12, 300), (16, 300)), ((6000, 30), (4096, 20))]
)
def test_odd_sizes(tmp_path: Path, size: tuple[int, int], wanted: tuple[int, int]) -> None:
    writer = write(tmp_path / "a.mp4", [(0.0, colour(200, 30, 30, size))])
    assert writer.failed is None
    with av.open(str(tmp_path / "a.mp4")) as video:
        frame = next(video.decode(video=0))
        assert (frame.width, frame.height) == wanted


def test_size_changes_are_fitted_into_the_first_size(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [(0.0, colour(200, 30, 30)), (1.0, colour(30, 200, 30, (300, 100)))])
    with av.open(str(tmp_path / "a.mp4")) as video:
        last = list(video.decode(video=0))[-1].to_ndarray(format="rgb24")
    assert last.shape == (48, 64, 3)
    assert last[24, 32, 1] > 180
    assert last[3].max() < 30


@pytest.mark.parametrize("jump_s", [7 * 3600.0, 1e9, -5.0, -1e9, math.nan, math.inf])
def test_whatever_a_clock_does_every_frame_is_kept_in_order(tmp_path: Path, jump_s: float) -> None:
    path = tmp_path / "a.mp4"
    times = [0.0, 0.04, 0.04 + jump_s, 0.08 + jump_s, 0.12 + jump_s]
    writer = write(path, [(at, colour(9, 9, 9)) for at in times])
    assert writer.failed is None
    with av.open(str(path)) as video:
        shown = np.array([frame.time for frame in video.decode(video=0)], float)
    assert len(shown) == 5
    assert (np.diff(shown) > 0.03).all()
    assert shown[-1] <= 3601


def test_a_killed_writer_leaves_a_video_that_plays(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        sys.path.insert(0, sys.argv[2])
        from pathlib import Path
        from tests.results import make_result
        from recognizer.emit.video import VideoWriter

        with VideoWriter(Path(sys.argv[1]), render=lambda result: result.frame.image) as writer:
            for n in range(300):
                writer.emit(make_result(n / 25))
            os.kill(os.getpid(), signal.SIGKILL)
    """
    words = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "a.mp4"), str(Path(__file__).parents[2])]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    [left] = tmp_path.iterdir()
    with av.open(str(left)) as video:
        assert len(list(video.decode(video=0))) >= 200
    write(tmp_path / "a.mp4", [(0.0, colour(9, 9, 9))])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-recovered-1.mp4", "a.mp4"]
    with av.open(str(tmp_path / "a-recovered-1.mp4")) as video:
        assert len(list(video.decode(video=0))) >= 200


def test_fit() -> None:
    image = colour(1, 2, 3, (7, 5))
    assert fit(image, width=7, height=5) is image
    assert (fit(image, width=8, height=6) == (3, 2, 1)).all()
    tall = fit(image, width=70, height=100)
    assert tall.shape == (100, 70, 3)
    assert (tall[50] == (3, 2, 1)).all()
    assert not tall[:20].any()
    assert fit(colour(1, 1, 1, (1000, 1)), width=10, height=10).shape == (10, 10, 3)


def test_an_old_video_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with VideoWriter(path, render=plain) as writer:
        writer.emit(make_result())
        assert path.read_bytes() == b"old"
    assert path.read_bytes() != b"old"


def test_interrupted_runs_keep_what_was_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(KeyboardInterrupt), VideoWriter(path, render=plain) as writer:  # noqa: PT012
        writer.emit(make_result())
        raise KeyboardInterrupt
    with av.open(str(path)) as video:
        assert len(list(video.decode(video=0))) == 1


def test_no_frames_no_video(tmp_path: Path, logged: list[str]) -> None:
    write(tmp_path / "a.mp4", [])
    assert list(tmp_path.iterdir()) == []
    assert "no frame came" in logged[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.avi", "ending in .mp4 or .m4v, got .avi"), ("a", "got no ending"), ("file/a.mp4", "cannot be written here")],
)
def test_places_that_refuse(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=message), VideoWriter(tmp_path / name, render=plain):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_folder_in_the_place_of_the_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(OutputError, match="this is a folder"), VideoWriter(tmp_path / "a.mp4", render=plain):
        pass


def test_folder_removed_while_writing(tmp_path: Path, logged: list[str]) -> None:
    path = tmp_path / "sub" / "a.mp4"
    path.parent.mkdir()
    with VideoWriter(path, render=plain) as writer:
        writer.emit(make_result())
        for file in path.parent.iterdir():
            file.unlink()
        path.parent.rmdir()
        writer.emit(make_result(1.0))
    assert writer.failed is not None
    assert len(logged) == 1
    assert "recognition goes on" in logged[0]


@pytest.mark.parametrize("limit", [300, 20_000, 120_000])
def test_full_disk_is_reported_once_and_leaves_nothing(tmp_path: Path, limit: int) -> None:
    """A limit on the file's size stands for the full disk."""
    program = """
        import resource, sys
        sys.path.insert(0, sys.argv[3])
        import numpy as np
        from pathlib import Path
        from tests.results import make_result
        from recognizer.emit.video import VideoWriter

        random = np.random.default_rng(0)
        with VideoWriter(Path(sys.argv[1]), render=lambda result: result.frame.image) as writer:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
            for n in range(30):
                writer.emit(make_result(n / 25, image=random.integers(0, 256, (120, 160, 3), np.uint8)))
        print(writer.failed)
    """
    folder = tmp_path / "out"
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(program),
            str(folder / "a.mp4"),
            str(limit),
            str(Path(__file__).parents[2]),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == os.strerror(27).lower()
    assert ran.stderr.count("cannot be written") == 1
    assert list(folder.iterdir()) == []


def test_settings_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="quantiser"):
        VideoWriter(tmp_path / "a.mp4", render=plain, quantiser=99)
    with pytest.raises(ValueError, match="threads"):
        VideoWriter(tmp_path / "a.mp4", render=plain, threads=0)
