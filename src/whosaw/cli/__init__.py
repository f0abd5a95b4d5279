# SPDX-License-Identifier: Apache-2.0
"""Thin: parse, call, print."""
