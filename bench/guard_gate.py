# SPDX-License-Identifier: Apache-2.0
"""One gate of several, for the benchmark: it opens its house, waits for a word, and looks for some seconds.

python -m bench.guard_gate DATA NAME      prints `open`; after a line on stdin, looks a second
"""

import json
import sys
import threading
import time
from pathlib import Path

from bench.town import PERSONS, town

from whosaw.guard.answer import Shown
from whosaw.model.access import Asked, Field, Look

SECONDS, CALLERS = 8.0, 16


def main(data: Path, name: str) -> None:
    """Look, and say how often."""
    with town(data, name) as here:
        print("open", flush=True)
        sys.stdin.readline()
        counts, until = [0] * CALLERS, time.perf_counter() + SECONDS

        def caller(which: int) -> None:
            while time.perf_counter() < until:
                n = counts[which]
                person, key = f"person-{(n * CALLERS + which) % PERSONS}", f"{name}-{which}-{n}"
                look = Look(
                    f"l-{key}", "agent", person, (Asked(Field.IP, "network"),), "subject_request", f"c-{person}", key
                )
                if not isinstance(here.guard.look(look), Shown):
                    raise RuntimeError("a look was refused")  # noqa: TRY004 - a refusal is no type error
                counts[which] += 1

        threads = [threading.Thread(target=caller, args=(which,)) for which in range(CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(json.dumps(sum(counts) / SECONDS))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
