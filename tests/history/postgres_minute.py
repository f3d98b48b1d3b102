"""Stop PostgreSQL for a minute while a run writes to it, and count what is there afterwards.

    python -m tests.history.postgres_minute [SECONDS]

The run recognises the demonstration's clip, 30 times in a row as one file, and writes its events to a log. Prints one
line of JSON: pictures of the file and those that were recognised, tracks in the log and in the history, seconds for
which the server was away. Ends with 1 if anything is missing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import av

from recognizer.demo import demo_files
from recognizer.history.database import open_history
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks
from tests.conftest import ROOT
from tests.history.conftest import running_postgres
from tests.rig import wait_for

REPEATS = 30
"""9,000 pictures, for more than two minutes of recognition: 65 a second were measured."""
_LONGEST_S = 3000.0


def repeated(clip: Path, to: Path) -> int:
    """Write a clip many times in a row without encoding it again; returns its pictures."""
    count = 0
    with av.open(str(to), "w") as target, av.open(str(clip)) as first:
        stream = target.add_stream_from_template(first.streams.video[0])
        length = int(first.streams.video[0].duration or 0)
        for turn in range(REPEATS):
            with av.open(str(clip)) as source:
                for packet in source.demux(source.streams.video[0]):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.dts, packet.pts, packet.stream = (
                        packet.dts + turn * length,
                        packet.pts + turn * length,
                        stream,
                    )
                    target.mux(packet)
                    count += 1
    return count


def run(folder: Path, away_s: float) -> dict[str, Any]:
    """Run with the server away for a while; returns what was counted."""
    (programs, *_) = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "clip.mp4")
    pictures = repeated(folder / "clip.mp4", folder / "long.mp4")
    with running_postgres(programs) as server:
        address, log = server.new_database(), folder / "events.jsonl"
        settings = {"history": {"enabled": True, "address": address}, "emit": {"headless": True, "events": str(log)}}
        (folder / "site.yaml").write_text(json.dumps(settings))
        command = [sys.executable, str(ROOT / "main.py"), "run", "--source", str(folder / "long.mp4")]
        command += ["--gallery", str(folder / "gallery"), "--config", str(folder / "site.yaml")]
        with (folder / "said").open("w") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
            wait_for(lambda: log.exists() and log.stat().st_size > 0, "the first event", 120)
            time.sleep(5)  # tracks of the first repeats are written
            server.stop()
            size, began = log.stat().st_size, time.monotonic()
            time.sleep(away_s)
            grew, was_on = log.stat().st_size - size, process.poll() is None
            server.start()
            away = time.monotonic() - began
            status = process.wait(_LONGEST_S)
        with closing(open_history(address, create=False)) as history:
            kept = list_tracks(history, Selection())
    events = [json.loads(line) for line in log.read_text().splitlines()]
    logged = {event["track_id"] for event in events if "track_id" in event}
    words = (folder / "said").read_text()
    return {
        "away_s": round(away, 1),
        "run_was_on": was_on,
        "log_grew_meanwhile": grew,
        "pictures": pictures,
        "recognised": int(words.partition("frames: ")[2].split()[0]),
        "dropped": int(words.partition(" dropped")[0].split()[-1]),
        "tracks_in_log": len(logged),
        "tracks_in_history": len(kept),
        "status": status,
    }


def main() -> int:
    """Run it."""
    away_s = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory(prefix="recognizer-minute-") as name:
        found = run(Path(name), away_s)
    sys.stdout.write(json.dumps(found) + "\n")
    is_right = found["pictures"] == found["recognised"] and found["tracks_in_log"] == found["tracks_in_history"]
    return 0 if is_right and found["run_was_on"] and found["log_grew_meanwhile"] and not found["status"] else 1


if __name__ == "__main__":
    sys.exit(main())
