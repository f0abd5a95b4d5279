# SPDX-License-Identifier: Apache-2.0
"""The tables of the journal in PostgreSQL, as `whosaw init` makes them and nobody else.

    layout     one row: the version of all this
    leader     one row: epoch, who was elected, when that was, when they were last alive
    head       a row for the log and one for the log of its index: note, size, signed_at
    position   handle ─▶ next i of the stream                     moves with the head
    placed     idempotency key ─▶ first index, count, time        moves with the head
    segment    the manifest: first index ─▶ count, bytes, generation
    erasing    first erased index ─▶ all of them, handle until it is done, index of the tombstone
    pending    what gates ask to have recorded, and from its assignment on the write-ahead log
    label      label ─▶ index      covered   how many leaves the table covers
    wish       one row: up to which size an index is asked for, and of which head, under which one, the newest is

All of it stands in a schema of its own, `journal`. What state.db holds elsewhere stands beside it, in the schema that
the account sees first (``directory/migrations`` makes it).

Invariant: a row of `pending` is waiting, assigned or refused; only the elected sequencer moves it, and never back.
                                                                               Specification: docs/spec/cluster.md
"""

from __future__ import annotations

VERSION = 1

# Not to_regclass, which may answer out of a cache that is older than the lock under which it was asked.
EXISTS = "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'journal' AND tablename = 'layout')"

SCHEMA = """
CREATE SCHEMA journal;
CREATE TABLE journal.layout (id int PRIMARY KEY CHECK (id = 1), version int NOT NULL);

CREATE TABLE journal.leader (
    id int PRIMARY KEY CHECK (id = 1), epoch bigint NOT NULL, backend int NOT NULL,
    elected timestamptz NOT NULL, seen timestamptz NOT NULL
) WITH (fillfactor = 50);
INSERT INTO journal.leader VALUES (1, 0, 0, '-infinity', '-infinity');

CREATE TABLE journal.head (
    log text PRIMARY KEY, note bytea NOT NULL, size bigint NOT NULL, signed_at bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE journal.position (handle bytea PRIMARY KEY, next bigint NOT NULL);
CREATE TABLE journal.placed (idem bytea PRIMARY KEY, first bigint NOT NULL, count int NOT NULL, at bigint NOT NULL);

CREATE TABLE journal.segment (
    first bigint PRIMARY KEY, count bigint NOT NULL, bytes bigint NOT NULL, generation int NOT NULL
);
CREATE TABLE journal.erasing (first bigint PRIMARY KEY, indexes bigint[] NOT NULL, handle bytea NOT NULL, tombstone bigint);

CREATE TABLE journal.pending (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idem bytea NOT NULL UNIQUE CHECK (length(idem) = 32),
    handles bytea NOT NULL,
    bodies bytea NOT NULL,
    first bigint UNIQUE,
    count int,
    at bigint,
    frames bytea,
    refused text,
    CHECK ((first IS NULL) = (count IS NULL) AND (first IS NULL) = (at IS NULL) AND (first IS NULL) = (frames IS NULL)),
    CHECK (first IS NULL OR refused IS NULL)
);
ALTER TABLE journal.pending ALTER bodies SET STORAGE EXTERNAL, ALTER frames SET STORAGE EXTERNAL;
CREATE INDEX pending_waiting ON journal.pending (id) WHERE first IS NULL AND refused IS NULL;

CREATE TABLE journal.label (label bytea PRIMARY KEY, place bigint NOT NULL);
CREATE TABLE journal.covered (id int PRIMARY KEY CHECK (id = 1), size bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO journal.covered VALUES (1, 0);

CREATE TABLE journal.wish (
    id int PRIMARY KEY CHECK (id = 1), size bigint NOT NULL, witnessed boolean NOT NULL,
    seen boolean NOT NULL, note bytea, map_note bytea
) WITH (fillfactor = 50);
INSERT INTO journal.wish VALUES (1, 0, false, false, NULL, NULL);
"""
