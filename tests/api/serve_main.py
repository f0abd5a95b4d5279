# SPDX-License-Identifier: Apache-2.0
"""The command line, for a process of its own that loses its patience after a second."""

import sys

from whosaw.api import body, patience
from whosaw.cli.main import main

if __name__ == "__main__":
    body.SECONDS = patience.SECONDS = 1.0
    sys.exit(main())
