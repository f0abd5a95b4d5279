# SPDX-License-Identifier: Apache-2.0
"""`python -m whosaw` is `whosaw`, for whoever has not the folder of commands on the path."""

import sys

from whosaw.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
