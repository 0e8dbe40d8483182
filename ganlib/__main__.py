"""`python -m ganlib` is the command `ganlib`."""

import sys

from ganlib.runtime.cli import main

sys.exit(main())
