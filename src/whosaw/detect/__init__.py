# SPDX-License-Identifier: Apache-2.0
"""Signals, one file each, and the findings they join into.

    facts ──prepare──▶ looks ──explain──▶ with a reason, or none ──signals──▶ p of every unit ──▶ those that stand
                                                                          findings ◀── numbered ◀── weighed ◀── joined

Detectors work on pseudonyms and have no route to a key or a name.
"""
