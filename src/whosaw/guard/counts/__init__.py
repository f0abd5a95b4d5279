# SPDX-License-Identifier: Apache-2.0
"""Counts without people at the gate: numbers with noise, from a budget, on record first.

    Ask ──▶ reasons against it? answered before? budget? ──▶ record, refusals too ──▶ durable ──▶ vault counts and blurs ──▶ Answer

Using it: docs/counts.md
"""
