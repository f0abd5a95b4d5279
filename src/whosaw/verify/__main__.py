# SPDX-License-Identifier: Apache-2.0
"""`python -m whosaw.verify`: the same as `whosaw verify`, where only whosaw and cryptography are installed."""

import sys

from whosaw.verify.command import main

if __name__ == "__main__":
    sys.exit(main())
