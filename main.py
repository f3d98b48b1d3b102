"""Real-time face recognition on video: ``python main.py COMMAND``; without a command, ``run``."""

import sys

from recognizer.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
