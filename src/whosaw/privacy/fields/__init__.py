# SPDX-License-Identifier: Apache-2.0
"""One file per kind of field: its rungs, its one spelling, its masks and what it does not prove."""
