# SPDX-License-Identifier: Apache-2.0
"""Not let in: what is raised at the door, and what the tool is told.

It stands alone, because both sides need it: the endpoints, which want a web framework, and the command line, which does not.
"""

from __future__ import annotations


class NotAdmitted(Exception):
    """Not let in. `status`: of HTTP, 401, 403 or 503. `told`: for the tool, and nothing of anybody. `code`: which check."""

    def __init__(self, status: int, told: str, code: str = "") -> None:
        super().__init__(told)
        self.status, self.told, self.code = status, told, code
