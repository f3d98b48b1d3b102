"""What killed runs left is recovered or removed; what a living process writes is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from recognizer.emit.partial_files import PartialFile, recover
from tests.conftest import ROOT

_HOLD = """
import sys
from pathlib import Path
from recognizer.emit.partial_files import PartialFile
partial = PartialFile(Path(sys.argv[1]))
partial.path.write_bytes(b"frames")
print(partial.path, flush=True)
sys.stdin.read()
"""


def size(path: Path) -> int:
    return path.stat().st_size


def holder(path: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", _HOLD, str(path)]
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_only_a_killed_process_s_file_is_recovered(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with holder(path) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        assert recover(path, count_frames=size) == []
        assert left.read_bytes() == b"frames"
        process.kill()
    assert recover(path, count_frames=size) == [tmp_path / "out-recovered-1.mp4"]
    assert [each.name for each in tmp_path.iterdir()] == ["out-recovered-1.mp4"]
    assert (tmp_path / "out-recovered-1.mp4").read_bytes() == b"frames"


def test_nothing_is_replaced_and_what_holds_no_frame_is_removed(tmp_path: Path) -> None:
    (tmp_path / "out-recovered-1.mp4").write_bytes(b"earlier")
    (tmp_path / ".out.abcdefgh.part").write_bytes(b"frames")
    (tmp_path / ".out.00000000.part").touch()
    others = [".other.abcdefgh.part", ".out.part", ".out.zip.part", ".out.x.abcdefgh.part"]
    for name in others:
        (tmp_path / name).write_bytes(b"not ours")
    assert recover(tmp_path / "out.mp4", count_frames=size) == [tmp_path / "out-recovered-2.mp4"]
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        [*others, "out-recovered-1.mp4", "out-recovered-2.mp4"]
    )
    assert (tmp_path / "out-recovered-1.mp4").read_bytes() == b"earlier"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"")
    (tmp_path / ".out.abcdefgh.part").symlink_to(tmp_path / "precious")
    assert recover(tmp_path / "out.mp4", count_frames=size) == []
    assert (tmp_path / "precious").exists()


def test_a_published_file_stays(tmp_path: Path) -> None:
    partial = PartialFile(tmp_path / "out.mp4")
    partial.path.write_bytes(b"frames")
    partial.publish(tmp_path / "out.mp4")
    partial.close()
    assert [each.name for each in tmp_path.iterdir()] == ["out.mp4"]
