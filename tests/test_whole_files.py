# SPDX-License-Identifier: Apache-2.0
"""Each worker runs whole files: the scheduler, with workers that only count."""

from pathlib import Path
from types import SimpleNamespace

from tests.whole_files import LONG, TOGETHER, WholeFiles, in_order

ROOT = Path(__file__).parents[1]


class Worker:
    """It ends what it was given when it is told to, one test at a time."""

    def __init__(self, name):
        self.gateway, self.given, self.shutting_down = SimpleNamespace(id=name), [], False
        self.workerinput = self.config = None

    def send_runtest_some(self, indexes):
        self.given += indexes

    def shutdown(self):
        self.shutting_down = True


def scheduled(collection, config):
    """What each of two workers was given, when they end tests by turns."""
    made, workers = WholeFiles(config), [Worker("gw0"), Worker("gw1")]
    for worker in workers:
        made.add_node(worker)
    for worker in workers:
        made.add_node_collection(worker, collection)
    made.schedule()
    ended = dict.fromkeys(workers, 0)
    while any(ended[worker] < len(worker.given) for worker in workers):
        for worker in workers:
            if ended[worker] < len(worker.given):
                made.mark_test_complete(worker, worker.given[ended[worker]])
                ended[worker] += 1
    return [[collection[index] for index in worker.given] for worker in workers]


def test_a_file_is_run_by_one_worker_in_its_order(pytestconfig):
    files = {"tests/a/test_many.py": 40, LONG[3]: 2, "tests/a/test_some.py": 9, "tests/b/test_one.py": 1, LONG[0]: 3}
    files |= {f"{TOGETHER[0][0]}test_{n}.py": 4 for n in range(3)}
    collection = [f"{file}::test_{n}" for file, count in sorted(files.items()) for n in range(count)]
    config = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue={"tx": ["2*popen"]}.get)
    ran = scheduled(collection, config)
    assert sorted(ran[0] + ran[1]) == sorted(collection)
    where = {test: (n, place) for n, tests in enumerate(ran) for place, test in enumerate(tests)}
    for file, count in files.items():
        mine = [where[f"{file}::test_{n}"] for n in range(count)]
        worker, first = mine[0]
        assert mine == [(worker, first + n) for n in range(count)], file
    assert len({where[f"{TOGETHER[0][0]}test_{n}.py::test_0"][0] for n in range(3)}) == 1
    assert {tests[0].split("::")[0] for tests in ran} == {LONG[0], LONG[3]}


def test_the_long_ones_come_first_and_are_there():
    counts = {"tests/many.py": 900, LONG[5]: 1, "tests/few.py": 2, LONG[0]: 1}
    assert in_order(counts) == [LONG[0], LONG[5], "tests/many.py", "tests/few.py"]
    assert [unit for unit in LONG if not (ROOT / unit).exists()] == []
    assert {names[0] for names in TOGETHER} <= set(LONG)
    assert [name for names in TOGETHER for name in names if not (ROOT / name).exists()] == []
