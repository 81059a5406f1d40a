"""`python -m tumint`: the command line where no script is on the path."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the working folder, which `-m` puts there: it holds data, and none of our code

from tumint.cli import main

sys.exit(main())
