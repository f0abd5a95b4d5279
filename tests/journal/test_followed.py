# SPDX-License-Identifier: Apache-2.0
"""Streams that are read on: however often in between, what is given is what reading the whole stream gives, and nothing is read twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.test_rekey import rekeyed
from tests.journal.world import World

from whosaw.errors import Contradiction, NotCanonical
from whosaw.journal.followed import Streams
from whosaw.model.record import Stream, parse

ANNA, BEN = Stream.of_person("anna"), Stream.of_person("ben")


def text(body):
    """Of a record its text; nothing of what else stands in a stream."""
    return parse(body).get("text")


def whole(reader, key):
    return tuple(made for frame in reader.run(key) if (made := text(frame.body)) is not None)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["record", "other", "read", "both", "rekey"]), min_size=1, max_size=14))
def test_reading_on_gives_the_whole(steps):
    """Records of this stream and of another, new keys, and readings in any order."""
    world, streams = World(), Streams()
    core = world.open()
    world.record(core, "first", "anna", "ben")
    for number, step in enumerate(steps):
        match step:
            case "record" | "other" | "both":
                persons = {"record": ("anna",), "other": ("ben",), "both": ("anna", "anna", "ben")}[step]
                world.record(core, f"k{number}", *persons)
            case "rekey":
                rekeyed(world, core, ANNA)
            case "read":
                reader, key = world.published(core), world.keys.of(ANNA)
                assert streams.read(reader, key, text) == whole(reader, key)
    reader = world.published(core)
    for stream in (ANNA, BEN):
        key = world.keys.of(stream)
        assert streams.read(reader, key, text) == whole(reader, key)


def test_nothing_is_read_twice():
    """Of a stream of many only what came since is opened and made; another stream has its own."""
    world, streams, made = World(), Streams(), []
    core = world.open()
    for number in range(20):
        world.record(core, f"k{number}", "anna", "ben")

    def counted(body):
        made.append(body)
        return text(body)

    first = streams.read(world.published(core), world.keys.of(ANNA), counted)
    assert (len(first), len(made)) == (20, 21)  # and the enrolment, which makes nothing
    world.record(core, "one more", "anna")
    made.clear()
    assert len(streams.read(world.published(core), world.keys.of(ANNA), counted)) == 21
    assert len(made) == 1
    assert streams.read(world.published(core), world.keys.of(ANNA), counted)[:20] == first
    assert len(made) == 1


def test_what_cannot_be_read_is_asked_for_again():
    """A record that is none of ours is named each time, and nothing behind it is taken for the whole."""
    world, streams = World(), Streams()
    core = world.open()
    for number in range(3):
        world.record(core, f"k{number}", "anna", text=f"number {number}")
    reader, key = world.published(core), world.keys.of(ANNA)

    def strict(body):
        if b"number 1" in body:
            raise NotCanonical("none of ours", where="leaf")
        return text(body)

    for _ in range(2):
        with pytest.raises(NotCanonical):
            streams.read(reader, key, strict)
    assert streams.read(reader, key, text) == whole(reader, key)


def test_a_smaller_head_gives_no_more_than_was_read():
    """Whoever asks with an older head than somebody before is given what is known by now, and none of it twice."""
    world, streams = World(), Streams()
    core = world.open()
    world.record(core, "k1", "anna")
    old = world.published(core)
    world.record(core, "k2", "anna")
    key = world.keys.of(ANNA)
    both = streams.read(world.published(core), key, text)
    assert streams.read(old, key, text) == both
    assert len(both) == 2


def test_a_keyring_that_is_older_than_the_log_is_told_each_time():
    """Under a second key of which it knows nothing there is more: what was read so far is not the whole."""
    world, streams = World(), Streams()
    core = world.open()
    world.record(core, "k1", "anna")
    old = world.keys.of(ANNA)
    streams.read(world.published(core), old, text)
    rekeyed(world, core, ANNA)
    world.record(core, "k2", "anna")
    reader = world.published(core)
    for followed in (streams, streams, Streams()):
        with pytest.raises(Contradiction):
            followed.read(reader, old, text)
    assert streams.read(reader, world.keys.of(ANNA), text) == whole(reader, world.keys.of(ANNA))
