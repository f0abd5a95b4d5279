# SPDX-License-Identifier: Apache-2.0
"""Misuse that is planted, one family to a file. Only these know the truth that they write."""
