# SPDX-License-Identifier: Apache-2.0
"""A dataset folder as the same tables that a journal gives: `whosaw-dataset/1`, read to the letter.

    dataset.json ─ about ──────────────────────────────┐
    looks.csv  ─┐                                      ▼
    staff.jsonl ├─ files ─▶ texts ─▶ typed ─▶ whole? ─▶ project ─▶ Parquet ─▶ Facts
    …           ┘  (which)  (cells)  (values,   │
                                      reasons)  └ no: the first 20 problems and a count, or `rejected.jsonl`

DuckDB reads, checks and sorts, column by column; no row passes through Python. Nothing is written into the folder but
`rejected.jsonl`, and only where rows were asked to be left out.                  Specification: docs/dataset.md
"""
