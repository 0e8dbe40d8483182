"""`python -m ganlib` is the command `ganlib`."""

import sys

from ganlib.cli import main

sys.exit(main())
