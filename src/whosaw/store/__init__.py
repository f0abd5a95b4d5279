# SPDX-License-Identifier: Apache-2.0
"""Implementations of the ports: memory (the shipped fake), files, SQL. Only wiring chooses."""
