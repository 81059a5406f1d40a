"""`python -m tumint`: the command line where no script is on the path."""

import sys

from tumint.cli import main

sys.exit(main())
