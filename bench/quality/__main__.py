# SPDX-License-Identifier: Apache-2.0
"""How good the detectors are: every bar, from one run.

    plan ──▶ one company after the other, each in a process of its own ──▶ bench/results/quality/*.json ──▶ the page

    python -m bench.quality --seeds 1001-1030 --page docs/detection-quality.md

A company that was measured with this code is not measured again, so a run that was stopped goes on where it was. --only-page makes
the page of what there is. Exit code 1: a company could not be measured; what is wrong with it is said, and the others go on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from bench.quality.page import page
from bench.quality.plan import KEPT, PARTS, ROOT, Job, digest, jobs, kept

from whosaw.verify.progress import Progress

_LONGEST = 3600  # seconds, for one company


def main() -> int:
    options = argparse.ArgumentParser(description="How good the detectors are, on invented companies.")
    options.add_argument(
        "--seeds", default="1001-1030", help="first-last: so many companies with a motive; fewer of the others"
    )
    options.add_argument("--parts", default=",".join(PARTS), help="which parts")
    options.add_argument("--page", type=Path, help="write the page here; without it, to the terminal")
    options.add_argument("--only-page", action="store_true", help="measure nothing more")
    options.add_argument("--minutes", type=float, default=1e9, help="begin no company after so long")
    given = options.parse_args()
    first, last = (given.seeds.split("-") * 2)[:2]
    code = digest()
    planned = jobs(range(int(first), int(last) + 1), given.parts.split(","))
    todo = [] if given.only_page else [job for job in planned if not job.kept(code).exists()]
    failed = _measured(todo, code, given.minutes)
    text = page(kept(code), planned, code)
    (given.page.write_text if given.page else sys.stdout.write)(text)
    return 1 if failed else 0


def _measured(todo: list[Job], code: str, minutes: float) -> int:
    KEPT.mkdir(parents=True, exist_ok=True)
    bar, begun, failed = Progress(sys.stderr, "companies"), time.monotonic(), 0
    for number, job in enumerate(todo):
        if time.monotonic() - begun > 60 * minutes:
            print(f"{len(todo) - number} companies were not begun: the time is over.", file=sys.stderr)
            break
        bar.at(number, len(todo))
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bench.quality.one", job.part, str(job.seed)],
                cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST, check=True,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            failed += 1
            last = str(error.stderr or "it took too long").strip().splitlines()[-1:]
            print(f"{job.part} {job.seed} could not be measured: {''.join(last)}", file=sys.stderr)
            continue
        path = job.kept(code)
        aside = path.with_suffix(".part")
        aside.write_text(done.stdout)
        aside.rename(path)
    bar.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())
