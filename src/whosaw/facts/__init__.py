# SPDX-License-Identifier: Apache-2.0
"""The journal as tables: Parquet, on DuckDB or on a cluster, through Ibis.

    journal frames ─┐
                    ├─ project ──▶ private/facts/*.parquet ──open──▶ ibis tables ──prepare──▶ what detectors read
    directory rows ─┘

Everything here can be deleted and made again. Nothing here is a source of truth.
"""
