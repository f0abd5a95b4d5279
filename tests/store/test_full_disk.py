# SPDX-License-Identifier: Apache-2.0
"""A full disk: nobody is told that something is recorded which is not, and with room again nothing is missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journal.world import outcome
from tests.store.disk import DiskWorld, Room

from whosaw.errors import OutcomeUnknown, Unavailable
from whosaw.store import files

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    world = DiskWorld(tmp_path_factory.mktemp("disk") / "data")
    core = world.open()
    world.record(core, "before", "anna", "ben")
    core.integrator.step()
    world.crash()
    world.close()
    return world


@pytest.mark.parametrize("left", [0, 1, 200, 500, 900, 1_500, 2_500, 4_000, 6_000, 8_000, 12_000])
def test_full_after_so_many_bytes(made, tmp_path, monkeypatch, left):
    """Records are refused or their outcome is unknown, heads are late; no answer is taken back when there is room again."""
    world = made.elsewhere(shutil.copytree(made.data, tmp_path / "data"))
    room = Room(left)
    core = world.open()
    with monkeypatch.context() as patch:
        patch.setattr(files, "_write_all", room.write_all)
        for n in range(8):
            prepared = world.step(core, world.submission(f"{left}-{n}", "anna", f"person-{n}"))
            error = prepared[0].future.exception()
            assert error is None or type(error) in {OutcomeUnknown, Unavailable}
            outcome(core.integrator.step)
    assert room.full
    answered = [key for key in world.receipts if key.startswith(f"{left}-")]
    world.crash()
    assert world.fsck().exit == 0, world.fsck().lines()
    core = world.open()
    for n in range(8):
        world.record(core, f"{left}-{n}", "anna", f"person-{n}")
    core.integrator.step()
    world.settle()
    world.close()
    assert len(answered) < 8
    assert sum(key.startswith(f"{left}-") for key in world.receipts) == 8


SCRIPT = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
from tests.journal.world import outcome
from tests.store.disk import DiskWorld
world = DiskWorld(Path({folder!r}) / "data")
core, stopped = world.open(), 0
for n in range(4_000):
    world.step(core, world.submission(f"k-{{n}}", "anna", text="x" * 3_000))
    outcome(core.integrator.step)
    if core.state.stopped:
        break
else:
    sys.exit("the disk was never full")
world.crash()
assert world.fsck().exit == 0, world.fsck().lines()
ballast = Path({folder!r}) / "ballast"
ballast.unlink()
world.settle()
print(len(world.receipts))
"""


def test_a_real_disk_that_is_full(tmp_path):
    """On a file system of 2 MiB the journal stops when it is full; with room again every answered record is there."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    script = SCRIPT.format(root=str(ROOT), folder=str(folder))
    mount = f'mount -t tmpfs -o size=2m tmpfs "{folder}" && head -c 400000 /dev/zero > "{folder}/ballast"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{mount} || exit 77; exec "$0" -c "$1"']
    if shutil.which("unshare") is None:
        pytest.skip("no unshare(1) here: a small file system needs it")
    done = subprocess.run([*command, sys.executable, script], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare:" in done.stderr:
        pytest.skip("this system gives nobody a small file system without privileges")
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 20
