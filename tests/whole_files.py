# SPDX-License-Identifier: Apache-2.0
"""Which worker runs what: a file is run by one worker, from its first test to its last, and the long files come first.

    long files, as they are listed ──▶ files of many tests ──▶ … ──▶ files of one test
    a worker that is free takes the next one, so both end within one short file of each other

What a file's tests share is made once, and no test meets the house of its file in a state in which it never was on the machine
of whoever wrote it. Files that share what takes seconds to make go together.
"""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    ("tests/simulate/",), ("tests/detect/signals/",), ("tests/erasure/",), ("tests/contracts/",), ("tests/guard/approvals/",),
    ("tests/cli/test_commands.py", "tests/cli/test_inferred.py"),
)  # fmt: skip

# Few tests, and long: by their number alone they would come last. A line that is missing costs seconds of one run, and nothing else.
LONG = (
    "tests/docs/test_tour.py", "tests/cli/test_commands.py", "tests/docs/test_reference.py", "tests/guard/test_insider.py",
    "tests/test_postgres_story.py", "tests/erasure/", "tests/contracts/",
    "tests/guard/approvals/", "tests/simulate/", "tests/detect/signals/", "tests/test_cluster.py",
    "tests/disk/test_disk.py", "tests/test_crash.py", "tests/test_story.py", "tests/cli/test_witness.py", "tests/test_cluster_house.py",
    "tests/docs/test_readme.py", "tests/detect/test_run.py", "tests/detect/test_explain.py", "tests/detect/test_examine.py",
    "tests/cli/test_collect_dataset.py", "tests/cli/test_watch.py", "tests/api/test_callers_gate.py",
    "tests/journal/test_gate.py", "tests/witness/test_house.py", "tests/journal/test_machine.py", "tests/journal/test_write_faults.py",
    "tests/journal/test_objects.py", "tests/test_cluster_erase.py", "tests/store/test_objects.py", "tests/api/test_callers_machine.py",
    "tests/guard/test_fail_closed.py", "tests/docs/test_policy.py",
    "tests/policy/test_compare.py", "tests/tickets/test_house.py", "tests/api/scim/test_tester.py", "tests/journal/test_gate_objects.py",
)  # fmt: skip


def unit_of(nodeid: str) -> str:
    """The file of a test, or the first name of those that go together."""
    return next((names[0] for names in TOGETHER if nodeid.startswith(names)), nodeid.split("::", 1)[0])


def in_order(counts: dict[str, int]) -> list[str]:
    """Units with so many tests each, the long ones first."""
    long = {unit: place for place, unit in enumerate(LONG)}
    return sorted(counts, key=lambda unit: (long.get(unit, len(long)), -counts[unit], unit))


class WholeFiles(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node) -> None:
        if not any(self.assigned_work.values()):  # the first of all
            for unit in in_order({unit: len(tests) for unit, tests in self.workqueue.items()}):
                self.workqueue.move_to_end(unit)
        super()._assign_work_unit(node)
