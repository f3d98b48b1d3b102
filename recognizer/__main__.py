"""Start the command line: ``python -m recognizer COMMAND`` is ``recognizer COMMAND``."""

import sys

from recognizer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
