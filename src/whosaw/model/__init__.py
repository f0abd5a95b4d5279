# SPDX-License-Identifier: Apache-2.0
"""Frozen values: what a look asks (access), what was decided (decision), what is written down (record)."""
