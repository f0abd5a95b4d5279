# SPDX-License-Identifier: Apache-2.0
"""Decide, record, release: in this order, or nothing at all."""
