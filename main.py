"""python main.py COMMAND: each command is one module in recognizer/jobs."""

from __future__ import annotations

import sys

from recognizer.jobs import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
