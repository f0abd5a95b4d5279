# SPDX-License-Identifier: Apache-2.0
"""Sigma rules, in and out: others' rules over our looks, and those of our signals that such a rule can say.

    rule files ──read──▶ Rule ──▶ an Ibis condition over events ──▶ rows that match ──▶ alone, or in a window ──▶ Alert
    shipped/   ──export──▶ rule files for other systems, with numbers measured on one's own looks

A rule says what it was told to say: its alerts have no p, make no finding and close none.
"""
