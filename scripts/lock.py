# SPDX-License-Identifier: Apache-2.0
"""Write requirements/run.lock, dev.lock, peer.lock and spark.lock: exact versions with hashes, no addresses, nothing younger than a week.

The week is a cooldown: a poisoned release is usually found within it.
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMON = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--python-version", "3.11"]


def lock(name: str, *groups: str, of: tuple[str, ...] = ("pyproject.toml", "--extra", "all")) -> None:
    """Resolve the given extras and groups into requirements/<name>.lock. `of`: what they are added to."""
    before = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    out = ["-o", f"requirements/{name}.lock"]
    command = [sys.executable, "-m", "uv", "pip", "compile", *of, *groups, *COMMON]
    subprocess.run([*command, "--exclude-newer", before, *out, "--quiet", "--upgrade"], cwd=ROOT, check=True)  # noqa: S603 - our own words


if __name__ == "__main__":
    lock("run", "--group", "build")
    lock("dev", "--group", "dev", "-c", "requirements/run.lock")
    lock("peer", "--group", "peer", of=())  # for one benchmark, beside everything else
    lock("spark", "--extra", "spark", "--group", "dev")  # in an environment of its own: it needs an older pandas
