# SPDX-License-Identifier: Apache-2.0
"""How good findings are, given what was planted: anybody's findings, in the format of dataset.md.

    findings.jsonl ─┐
                    ├─read──▶ match ──▶ measure ──bootstrap──▶ a report, with the bad figures too
    truth.jsonl ────┘

It knows nothing of what detects, and shares no code with it: who is judged by a ruler must not have made it.
"""
