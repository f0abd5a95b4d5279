# SPDX-License-Identifier: Apache-2.0
"""IP pseudonyms at the gate: who may have them, how many, and that it is on record first.

    Ask ──▶ reasons against it? quota? ──▶ record, refusals too ──▶ durable ──▶ Session ──▶ pseudonyms, so many and no more

The call is an oracle: whoever may ask it about every address has every address back. So it is guarded like a look, and nothing here
turns a pseudonym back: that is a look at the person behind it (``behind.py``).        Using it: docs/pseudonyms.md
"""
