# SPDX-License-Identifier: Apache-2.0
"""The journal as tables: Parquet, through Ibis."""
