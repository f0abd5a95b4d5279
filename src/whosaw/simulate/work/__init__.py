# SPDX-License-Identifier: Apache-2.0
"""Ordinary work: cases, the looks that they bring, machines, edits, and the dirt of real logs."""
