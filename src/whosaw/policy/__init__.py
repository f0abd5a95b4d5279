# SPDX-License-Identifier: Apache-2.0
"""Decisions from facts alone: no clock, no disk, no network; every rule that spoke is named."""
