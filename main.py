"""Start the command line from a checkout: ``python main.py COMMAND`` is ``recognizer COMMAND``."""

import sys

from recognizer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
