"""Damage files of every kind that the program reads, and read them: no crash, no hang, no growth, only our errors.

python -m tests.fuzz                          10,000 of each kind
python -m tests.fuzz --count 300 --report out/fuzz.md
python -m tests.fuzz --file faults/pictures-1-77.bin --kind pictures      read one file again
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz import runner
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run, print, write the report; 0 when every kind passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="files of each kind")
    parser.add_argument("--seed", type=int, default=1, help="the same number gives the same files")
    parser.add_argument("--kind", action="append", choices=sorted(TARGETS), help="only these")
    parser.add_argument("--report", type=Path, help="write the report here (Markdown)")
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"), help="folder for files that show a fault")
    parser.add_argument("--file", type=Path, help="read this one file, as the one kind that is named")
    options = parser.parse_args()
    kinds = options.kind or list(TARGETS)
    if options.file:
        with tempfile.TemporaryDirectory() as folder:
            print(TARGETS[kinds[0]].read(options.file.read_bytes(), Path(folder)))
        return 0
    results = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # each kind has a child process of its own
        for result in pool.map(lambda kind: runner.run(kind, seed=options.seed, count=options.count), kinds):
            runner.keep(result, options.keep, seed=options.seed)
            results.append(result)
            print(_line(result), flush=True)
            for what, indices in result.faults.items():
                print(f"    {len(indices)} x {what}  (items {', '.join(map(str, indices[:5]))})", flush=True)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(_page(results, options.seed), "utf-8")
    passed = sum(result.passed for result in results)
    print(f"fuzz: {passed} passed, {len(results) - passed} failed")
    return int(passed < len(results))


def _line(result: runner.Result) -> str:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(result.outcomes.items()))
    return (
        f"{result.kind}: {'passed' if result.passed else 'FAILED'} in {result.took_s:.0f} s: {outcomes}; slowest "
        f"{result.slowest_s[0]:.2f} s (item {result.slowest_s[1]}), most memory {result.largest_mb[0]:.0f} MB "
        f"(item {result.largest_mb[1]}), growth {result.growth_mb:.1f} MB"
    )


def _page(results: list[runner.Result], seed: int) -> str:
    rows = [
        "# Fuzzing",
        "",
        f"Seed {seed}. Limits: {runner.ITEM_S:g} s and {runner.LARGEST_MB:g} MB an item, growth {runner.GROWTH_MB:g}.",
        "",
    ]
    for result in results:
        rows.append(f"- {_line(result)}")
        rows += [f"  - {len(indices)} x {what} (items {indices[:5]})" for what, indices in result.faults.items()]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
