# SPDX-License-Identifier: Apache-2.0
"""Who somebody says they are: public < exact. What is public, whoever stores the value says.

{"private":{"born":"1990-01-01"},"public":{"name":"Mira"}}  ──public──▶  {"public":{"name":"Mira"}}
"""

from __future__ import annotations

from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import keep, named, parts, structured, text

KIND = structured(
    "profile",
    {Rung("public", "what the product shows to everybody", Seen.DAY): keep("public")},
    schema=parts({"public": named(text)}, {"private": named(text)}),
    example='{"private":{"born":"1990-01-01"},"public":{"name":"Mira"}}',
)
