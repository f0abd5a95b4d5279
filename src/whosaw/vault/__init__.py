# SPDX-License-Identifier: Apache-2.0
"""Sealed values: opened for their own receipt, and no other."""
