# SPDX-License-Identifier: Apache-2.0
"""With what somebody pays: kind < last4 < exact.

{"kind":"card","number":"0000111122223333"}  ──last4──▶  {"kind":"card","last4":"3333"}
"""

from __future__ import annotations

from whosaw.model.record import Json
from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import Parts, keep, matches, one_of, parts, structured, text


def _last4(whole: Parts) -> Json:
    return {"kind": whole["kind"]} | ({"last4": whole["number"][-4:]} if "number" in whole else {})


KIND = structured(
    "payment",
    {
        Rung("kind", "card, bank account, or another kind", Seen.DAY): keep("kind"),
        Rung("last4", "and the last four signs of its number", Seen.HOUR): _last4,
    },
    schema=parts(
        {"kind": one_of("card", "bank", "wallet", "voucher", "other")},
        # Twelve signs at least: of a shorter number the last four would be a good part of all there is.
        {"number": matches("[0-9A-Z]{12,34}"), "holder": text, "until": text, "amount": text, "of": text},
    ),
    example='{"holder":"Mira","kind":"card","number":"0000111122223333"}',
)
