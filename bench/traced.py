# SPDX-License-Identifier: Apache-2.0
r"""Proof that nobody is answered before the fdatasync of his frame returned: the system calls say so themselves.

    strace ──▶ write(segment, 600)  fdatasync(segment) = 0  write(answers, "17\\n") …

A child records with 16 tasks, each of which writes its index to a file at the moment it is answered. In the trace, every
such write must come after the return of an fdatasync that began when the frame of that index had been written.
"""

import asyncio
import re
import shutil
import subprocess
import sys
from itertools import accumulate
from pathlib import Path

RECORDS, STREAMS = 400, 40
_CALL = re.compile(
    r"^(?P<pid>\d+) +(?:(?P<call>\w+)\(\d+<(?P<path>[^>]*)>(?P<rest>.*)|<\.\.\. (?P<resumed>\w+) resumed>(?P<end>.*))$"
)


def trace(folder: Path) -> str:
    """One sentence about a traced run. Raises RuntimeError where somebody was answered too early."""
    strace = shutil.which("strace")
    if strace is None:
        return "not traced: there is no strace here"
    data, log = folder / "traced", folder / "trace"
    done = subprocess.run(
        [strace, "-f", "-y", "-s", "32", "-e", "trace=write,fdatasync", "-o", log,
         sys.executable, "-m", "bench.traced", data],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return f"not traced: {(done.stderr.strip().splitlines() or ['strace failed'])[-1]}"
    return check(log.read_text().splitlines(), *_ends(data))


def check(lines: list[str], segment: str, first: int, ends: list[int]) -> str:
    """`ends`: where in the segment the frames from `first` on end."""
    begun: dict[str, tuple[str, str, str]] = {}
    written = synced = syncs = answers = 0
    waiting: dict[str, int] = {}
    for line in lines:
        found = _CALL.match(line)
        if found is None:
            continue
        pid = found["pid"]
        if found["call"]:
            call, path, rest = found["call"], found["path"], found["rest"]
            if call == "fdatasync":
                waiting[pid] = written  # what it can make durable is what was written when it began
            if path.endswith("answers"):
                index = int(re.search(r'"(\d+)', rest)[1])
                answers += 1
                if synced < ends[index - first]:
                    raise RuntimeError(f"index {index} was answered before its fdatasync returned")
            if rest.endswith("<unfinished ...>"):
                begun[pid] = call, path, rest
                continue
        else:
            call, path, rest = begun.pop(pid, ("", "", ""))
            rest = found["end"]
        if path.endswith(segment) and (result := re.search(r"= (\d+)$", rest)):
            if call == "write":
                written += int(result[1])
            elif call == "fdatasync":
                synced, syncs = waiting.pop(pid), syncs + 1
    if answers != RECORDS:
        raise RuntimeError(f"{answers} answers were traced, not {RECORDS}")
    return f"strace: {answers} answers, each after the return of the fdatasync of its frame; {syncs} fdatasyncs of the segment"


def _ends(data: Path) -> tuple[str, int, list[int]]:
    """The name of the segment of the run, its first index, and where each frame ends."""
    from whosaw.journal.segment import frame_length

    path = max((data / "private/segments").iterdir())
    raw, at, lengths = path.read_bytes(), 0, []
    while length := frame_length(raw, at):
        lengths.append(length)
        at += length
    return path.name, int(path.name[:20]), list(accumulate(lengths))


def child(data: Path) -> None:
    """Record, and write down each index as it is answered."""
    from bench import durable

    with durable.opened(data, STREAMS) as here, (data / "answers").open("wb", buffering=0) as answers:

        async def caller(mine: list[durable.Submission]) -> None:
            for submission in mine:
                made = await here.journal.submit_async(submission)
                answers.write(b"%d\n" % made.leaves[-1].index)

        async def all_of_them() -> None:
            wanted = durable.submissions(STREAMS, RECORDS, STREAMS)
            await asyncio.gather(*(caller(wanted[n::16]) for n in range(16)))

        asyncio.run(all_of_them())


if __name__ == "__main__":
    child(Path(sys.argv[1]))
