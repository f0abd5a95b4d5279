# SPDX-License-Identifier: Apache-2.0
"""The dataset folder, written to the letter of its format: CSV or Parquet, and what was planted apart."""
