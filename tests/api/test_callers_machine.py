# SPDX-License-Identifier: Apache-2.0
"""Callers in any order of commands, starts, crashes and failures of the journal: who is admitted is on record, and nobody else is.

The model is a dictionary. A change is made, or it is not; after every step the table says what the model says, and the last record
that names a caller is for exactly what holds, unless a crash came between: then the record is ahead, and never behind.
"""

from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.api.door import World

from whosaw.api.admitted import NotAdmitted
from whosaw.api.callers.registered import Registered
from whosaw.errors import BadInput, WhosawError

NAMES = st.sampled_from(["a", "b", "c"])
FATES = st.sampled_from(["ok", "ok", "ok", "busy", "lost", "late", "crash"])


class Crash(BaseException):
    """The process is gone between the record and the effect."""


class Callers(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.certs = {f"{name}{version}": self.world.ca.issue() for name in "abc" for version in (0, 1)}
        self.live: dict[str, tuple[Registered, str]] = {}
        self.toml: dict[str, Registered] = {}
        self.settled: dict[str, bytes] = {}

    def teardown(self):
        if hasattr(self, "world"):
            self.world.close()
            self.folder.cleanup()

    def made(self, name, version, **more):
        return Registered(self.world.said(name=name, pins=(self.certs[f"{name}{version}"].pin,), **more))

    @contextmanager
    def under(self, fate):
        """What is done inside meets `fate`; whether it was done is in `self.done`."""
        self.world.clock.turn(self.world.clock.at.resolution * 1000)
        self.world.journal.fate = fate if fate != "crash" else "ok"
        crash = patch.object(type(self.world.rows), "change", side_effect=Crash)
        self.done = False
        try:
            if fate == "crash":
                with crash:
                    yield
            else:
                yield
            self.done = True
        except (Crash, WhosawError) as error:
            # What cannot be is an error of the command's; everything else is of the fate.
            assert fate != "ok" or isinstance(error, BadInput)
        self.world.journal.fate = "ok"

    @rule(name=NAMES, version=st.integers(0, 1), speaks=st.booleans(), fate=FATES)
    def add(self, name, version, speaks, fate):
        made = self.made(name, version, speaks=speaks)
        with self.under(fate):
            self.world.desk.add(made, self.world.by)
        assert not (self.done and name in self.live)
        if self.done:
            self.live[name] = (made, "command")

    @rule(name=NAMES, fate=FATES)
    def remove(self, name, fate):
        with self.under(fate):
            self.world.desk.remove(name, self.world.by)
        assert not (self.done and name not in self.live)
        if self.done:
            del self.live[name]

    @precondition(lambda self: self.live)
    @rule(data=st.data(), fate=FATES)
    def rotate(self, data, fate):
        name = data.draw(st.sampled_from(sorted(self.live)))
        made, origin = self.live[name]
        pins = {pin[:71] for pin in made.said.pins}
        new = [self.certs[f"{name}{v}"].pin for v in (0, 1) if self.certs[f"{name}{v}"].pin not in pins]
        with self.under(fate):
            self.world.desk.rotate(name, (new or [min(pins)])[0], "2030-01-01T00:00:00Z", self.world.by)
        if self.done:
            self.live[name] = (made.rotated(new[0], "2030-01-01T00:00:00Z", self.world.clock()), origin)

    @rule(names=st.sets(NAMES), version=st.integers(0, 1), fate=FATES)
    def start(self, names, version, fate):
        """Whosaw.toml names these; a name that a command registered is left out, as an operator would have to."""
        wanted = {n: self.made(n, version) for n in names if self.live.get(n, (0, ""))[1] != "command"}
        with self.under(fate):
            self.world.desk.settle(list(wanted.values()))
        if not self.done:  # in part, perhaps: the next start goes on, so look at where it stands
            self.world.desk.settle(list(wanted.values()))
        for name in [n for n, (_, origin) in self.live.items() if origin == "settings" and n not in wanted]:
            del self.live[name]
            self.settled.pop(name, None)
        for name in [n for n in self.settled if n not in wanted and n not in self.live]:
            # Removed by a command, and gone from the file now: what the file said last is still that.
            assert name not in wanted
        for name, made in wanted.items():
            if self.settled.get(name) != made.digest:
                self.live[name] = (made, "settings")
                self.settled[name] = made.digest

    @invariant()
    def the_table_is_the_model(self):
        if hasattr(self, "world"):
            found = {made.name: made.digest for made in self.world.desk.live()}
            assert found == {name: made.digest for name, (made, _) in self.live.items()}

    @invariant()
    def who_is_admitted_is_on_record(self):
        if hasattr(self, "world"):
            said = [
                (b["caller"], b["may"] and b["may"]["digest"]) for b in self.world.bodies() if b["event"] != "refused"
            ]
            for name, (made, _) in self.live.items():
                assert (name, b64encode(made.digest).decode()) in said

    @invariant()
    def who_comes_in_is_whom_the_model_knows(self):
        if hasattr(self, "world"):
            for key, cert in self.certs.items():
                name = key[0]
                may = name in self.live and any(pin.startswith(cert.pin) for pin in self.live[name][0].said.pins)
                try:
                    assert self.world.admit(cert=cert).name == name
                    assert may
                except NotAdmitted:
                    assert not may


TestCallers = Callers.TestCase
TestCallers.settings = settings(max_examples=15, stateful_step_count=12)
