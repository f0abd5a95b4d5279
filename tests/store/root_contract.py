# SPDX-License-Identifier: Apache-2.0
"""What every place of a root key, and every key service, must do. A new adapter is one subclass with fixtures; `test_root_contract` has ours.

RootContract       kept: Kept            a place that holds `root()`, and can be emptied and damaged
ServiceContract    told: Told            a key service, another key of it, and it without its credentials, and not there
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.privacy.keys import root

from whosaw.errors import Damaged, Misconfigured, Unavailable, WhosawError
from whosaw.privacy.root_port import KeyService, RootKeys
from whosaw.store.files import FilesFolder
from whosaw.store.root_sealed import SEALED, SealedRoot

LONGEST = 30.0  # seconds that a question may take in these tests, its time limit included
SECRETS = (root().encode().decode().strip(), root().raw().hex())


@dataclass(frozen=True)
class Kept:
    """A place of a root key. `begun`: the adapter as a start makes it; `lies`: the bytes that lie there; `put`: other bytes there, None: nothing."""

    begun: Callable[[], RootKeys]
    lies: Callable[[], bytes]
    put: Callable[[bytes | None], None]


@dataclass(frozen=True)
class Told:
    """A key service. `other`: the same with another key; `refused`: with credentials that it does not take; `gone`: where there is none."""

    service: KeyService
    other: KeyService
    refused: KeyService
    gone: KeyService


def said(error: BaseException) -> str:
    """All that whoever catches it could print."""
    return f"{error} {getattr(error, 'hint', '')} {error.__cause__} {error.__context__!r}"


class RootContract:
    """Whoever keeps it gives a fixture `kept`, a Kept."""

    def test_every_start_loads_the_same_root(self, kept):
        """Twice by one adapter, once by another, and asking whether it could be loaded changes nothing."""
        one = kept.begun()
        one.probe()
        assert one.load().same(root())
        assert one.load().same(root())
        assert kept.begun().load().same(root())

    def test_a_root_that_is_not_there_stops_the_start(self, kept):
        """Misconfigured, with a hint, and none is made."""
        kept.put(None)
        for _ in range(2):
            with pytest.raises(Misconfigured) as told:
                kept.begun().load()
            assert told.value.hint

    def test_every_changed_byte_is_refused_and_none_is_repeated(self, kept):
        """Each byte changed, the end cut off, something behind it: never another root, and no word of what lies there."""
        raw = kept.lies()
        changed = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(len(raw.rstrip(b"\n")))]
        for broken in (*changed, raw[: len(raw) // 2], raw.rstrip(b"\n") + b"AAAA\n", b""):
            kept.put(broken)
            try:
                found = kept.begun().load()
            except (Misconfigured, Damaged) as error:
                assert not [
                    word for word in (*SECRETS, broken.decode("latin-1").strip()) if word and word in said(error)
                ]
            else:
                # One line of base64 with another letter is a root like any other: the check value in keys.db finds it out.
                assert not found.same(root())
                assert len(broken) == len(raw)
        kept.put(raw)
        assert kept.begun().load().same(root())

    def test_it_prints_as_its_name(self, kept):
        assert repr(kept.begun()).endswith("(…)")


class ServiceContract:
    """Whoever keeps it gives a fixture `told`, a Told."""

    def test_what_it_seals_it_opens(self, told):
        """One word of printable ASCII that does not hold the root; twice is two; renewed, it opens to the same."""
        plain = root().raw()
        one, two = told.service.seal(plain), told.service.seal(plain)
        for sealed in (one, two, told.service.renew(one)):
            assert all(33 <= each < 127 for each in sealed)
            assert plain not in sealed
            assert SECRETS[0].encode() not in sealed
            assert told.service.open(sealed) == plain
        assert len({one, two, told.service.renew(one)}) == 3

    def test_what_it_did_not_seal_is_damaged(self, told):
        """Each byte changed, cut, longer, of another key, and nonsense: never another plain text."""
        sealed = told.service.seal(root().raw())
        changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
        for broken in (
            *changed,
            sealed[:-8],
            sealed[: len(sealed) // 2],
            sealed + b"AAAA",
            b"x",
            told.other.seal(root().raw()),
        ):
            for ask in (told.service.open, told.service.renew):
                with pytest.raises((Damaged, Misconfigured)) as wrong:
                    ask(broken)
                assert not [word for word in SECRETS if word in said(wrong.value)]

    @pytest.mark.parametrize(("which", "kind"), [("refused", Misconfigured), ("gone", Unavailable)])
    def test_what_it_cannot_do_is_said_in_time_and_with_nothing_of_the_root(self, told, which, kind):
        """Wrong credentials: asking again is of no use. Not there: it is. In both cases soon, for each of the three questions."""
        sealed, broken = told.service.seal(root().raw()), getattr(told, which)
        for ask in (lambda: broken.seal(root().raw()), lambda: broken.open(sealed), lambda: broken.renew(sealed)):
            began = time.monotonic()
            with pytest.raises(kind) as wrong:
                ask()
            assert time.monotonic() - began < LONGEST
            assert wrong.value.hint
            assert not [word for word in SECRETS if word in said(wrong.value)]

    def test_a_root_lives_in_its_hands(self, told, tmp_path):
        """Sealed in a file, opened at a start, renewed; another key's file is not opened; a service that fails loses nothing."""
        private = FilesFolder(tmp_path / "private", private=True)
        sealed = SealedRoot(private, told.service)
        sealed.put(root())
        before = private.read(SEALED)
        for service in (told.gone, told.refused):
            for ask in (SealedRoot(private, service).renew, SealedRoot(private, service).load):
                with pytest.raises(WhosawError):
                    ask()
        with pytest.raises((Damaged, Misconfigured)):
            SealedRoot(private, told.other).load()
        assert private.read(SEALED) == before
        sealed.renew()
        assert private.read(SEALED) != before
        assert SealedRoot(private, told.service).load().same(root())

    def test_it_prints_as_its_name(self, told):
        assert repr(told.service).endswith("(…)")
