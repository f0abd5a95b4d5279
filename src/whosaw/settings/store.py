# SPDX-License-Identifier: Apache-2.0
"""What lies elsewhere than in the folder itself: the table [store].

    public      a bucket, or the folder `public/`          segments    a bucket, closed to everybody
    database    PostgreSQL, for a log that many gates write

Invariant: no credentials stand in here; an address with a password in it is refused, and not repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from whosaw.errors import Misconfigured
from whosaw.settings.database import check_database

# Of a part of the prefix: no dot first, so that none is a way up.
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,8}")
_ENDPOINT = re.compile(r"https?://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What lies elsewhere than in the folder itself. Credentials stand in the environment, never here."""

    public: str = field(
        default="",
        metadata={
            "doc": "A bucket and a prefix of one's own, `s3://BUCKET/PREFIX`, in place of the folder `public/`. Untrusted: who writes there is found out."
        },
    )
    segments: str = field(
        default="",
        metadata={
            "doc": "A second bucket and prefix, closed to everybody, for the segments of a log whose gates are on many machines; needs `store.database`. Trusted: who reads there reads who looked at whom, by pseudonym."
        },
    )
    endpoint: str = field(
        default="",
        metadata={"doc": "Address of a server that speaks S3, `https://HOST`; empty for that of AWS."},
    )
    region: str = field(
        default="", metadata={"doc": "Region of the bucket; empty for AWS_REGION of the environment, else us-east-1."}
    )
    database: str = field(
        default="",
        metadata={
            "doc": "A PostgreSQL database, `postgresql://USER@HOST/NAME`, for a log that many gates write; its password in PGPASSWORD or a passfile. Trusted: who writes there decides what this log is."
        },
    )
    keys: str = field(
        default="",
        metadata={
            "doc": "Another PostgreSQL database for the key table, so that its backups are others; empty: the schema `whosaw_keys` of `store.database`. Trusted: who writes there can make every value unreadable."
        },
    )


def check_store(store: StoreSettings, where: str) -> None:
    if store.public and not _BUCKET.fullmatch(store.public):
        raise Misconfigured(
            f"{where}: 'store.public' is no bucket with a prefix",
            setting="store.public",
            hint='for example public = "s3://example-log/whosaw"; letters, digits, dots and dashes',
        )
    if store.segments and not _BUCKET.fullmatch(store.segments):
        raise Misconfigured(
            f"{where}: 'store.segments' is no bucket with a prefix",
            setting="store.segments",
            hint='for example segments = "s3://example-closed/whosaw"; letters, digits, dots and dashes',
        )
    if store.segments and not store.database:
        raise Misconfigured(
            f"{where}: segments in a bucket need the head in a database",
            setting="store.segments",
            hint="an object cannot be appended to: with store.database rows are, and segments are written whole",
        )
    if store.segments and _overlap(store.public, store.segments):
        raise Misconfigured(
            f"{where}: segments lie in the bucket that is published",
            setting="store.segments",
            hint="they hold what nobody else may read: give them a bucket of their own",
        )
    if store.endpoint and not _ENDPOINT.fullmatch(store.endpoint):
        raise Misconfigured(
            f"{where}: 'store.endpoint' is no address of a server",
            setting="store.endpoint",
            hint='for example endpoint = "https://s3.example.org"; no path, no password',
        )
    if not re.fullmatch("[a-z0-9-]{0,50}", store.region):
        raise Misconfigured(
            f"{where}: 'store.region' is no region", setting="store.region", hint='for example region = "eu-west-1"'
        )
    check_database(store.database, where)
    check_database(store.keys, where, "store.keys")
    if store.keys and not store.database:
        raise Misconfigured(
            f"{where}: keys in a database need the head in one",
            setting="store.keys",
            hint="without store.database the key table is private/keys.db",
        )
    if not store.public and (store.endpoint or store.region):
        raise Misconfigured(
            f"{where}: [store] says where, and not what: 'store.public' is missing",
            setting="store.public",
            hint='for example public = "s3://example-log/whosaw"',
        )


def _overlap(public: str, segments: str) -> bool:
    """Whether both lie in one bucket: its policy is about the whole of it, and a slip would publish bodies."""
    return public.split("/")[2:3] == segments.split("/")[2:3]
