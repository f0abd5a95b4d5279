# SPDX-License-Identifier: Apache-2.0
"""For all tests: no property fails because the machine is busy, and a long sweep runs where it is asked for."""

import dataclasses
import functools
import gc
import itertools
import os
import random
import sys

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import inspect
from tests.whole_files import WholeFiles

from whosaw.directory import migrate
from whosaw.policy.alike import Alike
from whosaw.policy.rules import Parsed, Policy
from whosaw.privacy.vrf import VrfKey

# What is drawn is drawn from this: `make test` sets it, and is the same run each time. Without it each run draws its own.
SEED = os.environ.get("WHOSAW_SEED")

# Examples that are the same in each run need not be many: without a seed a property draws twice as many.
settings.register_profile(
    "whosaw",
    deadline=None,
    derandomize=SEED is not None,
    max_examples=100 if SEED is None else 50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("whosaw")

# Whatever this shell says: a command that tests start would compile five hundred files each time, half of its life.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# As the command sets it: expressions are made of very many small objects.
gc.set_threshold(100_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Several workers, however they are asked for: each takes whole files, the long ones first."""
    return WholeFiles(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A test that draws with `random` draws the same whatever ran before it."""
    if SEED is not None:
        random.seed(f"{SEED} {item.nodeid}")


def pytest_collection_modifyitems(config, items):
    """Tests marked `slow` are for their own make targets, which say `-m slow`; elsewhere they are counted as deselected."""
    if "slow" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("slow")]
    if left_out:
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session", autouse=True)
def few_vrf_keys():
    """New houses of this process get one of four VRF keys in turn: each takes a third of a second to find, and hundreds are made."""
    made, generate = [], VrfKey.generate
    turns = itertools.count()

    def one_of_four(_random):
        turn = next(turns)
        if turn < 4:
            made.append(generate(os.urandom).to_pem())
        return VrfKey.from_pem(made[turn % 4], _random)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VrfKey, "generate", staticmethod(one_of_four))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_policy():
    """Texts that were read before are the policy that they were: reading and trying them is a third of opening a house."""
    load = Policy.load

    @functools.lru_cache(maxsize=16)
    def once(texts):
        return load(dict(texts))

    def loaded(texts):
        found = once(tuple(sorted(texts.items())))
        # What the engine answered to somebody else is not handed on: its faults must be met.
        return dataclasses.replace(
            found, parsed=Parsed(found.base, found.schema), alike=Alike(found.alike._compared, found.alike.taken)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Policy, "load", staticmethod(loaded))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_migration():
    """An empty state.db becomes what the revisions made of the first one: they take 70 ms each, and a thousand are made.

    tests/directory/test_migrate.py has them run, every one, by ``command.upgrade.__wrapped__``.
    """
    really, made = migrate.command.upgrade, []

    @functools.wraps(really)
    def upgrade(config, revision):
        db = config.attributes["connection"]
        if db.dialect.name != "sqlite" or revision != "head" or inspect(db).get_table_names():
            really(config, revision)
            return
        if not made:
            really(config, revision)
            made.extend(_script(db))
        else:
            for statement, rows in made:
                db.exec_driver_sql(statement, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate.command, "upgrade", upgrade)
        yield


def _script(db):
    """(statement, its rows) that make in an empty database what there is in this one."""
    there = db.exec_driver_sql("SELECT name, type, sql FROM sqlite_master WHERE sql NOT NULL ORDER BY rowid").all()
    for name, kind, sql in there:
        yield sql, None
        if kind == "table" and (rows := db.exec_driver_sql(f'SELECT * FROM "{name}"').all()):
            yield f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(rows[0]))})', [tuple(row) for row in rows]
