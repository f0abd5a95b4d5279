# SPDX-License-Identifier: Apache-2.0
"""Whom somebody knows: count < relation < exact.

{"contacts":[{"name":"Owen","relation":"family"},{"name":"Lea"}]}  ──relation──▶  {"count":2,"relations":{"family":1,"other":1}}
"""

from __future__ import annotations

from collections import Counter

from whosaw.model.record import Json
from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import Parts, each, one_of, parts, structured, text


def _relations(whole: Parts) -> Json:
    counted = Counter(one.get("relation", "other") for one in whole["contacts"])
    return {"count": len(whole["contacts"]), "relations": dict(counted)}


KIND = structured(
    "contacts",
    {
        Rung("count", "how many", Seen.DAY): lambda whole: {"count": len(whole["contacts"])},
        Rung("relation", "and how many of each relation", Seen.HOUR): _relations,
    },
    schema=parts(
        {
            "contacts": each(
                parts(
                    {"name": text},
                    {"relation": one_of("family", "friend", "work", "other"), "address": text, "since": text},
                )
            )
        }
    ),
    example='{"contacts":[{"name":"Owen","relation":"family"},{"name":"Lea"}]}',
)
