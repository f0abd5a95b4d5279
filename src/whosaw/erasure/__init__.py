# SPDX-License-Identifier: Apache-2.0
"""Erasing a person: on record first, then keys, bodies and what was made of them; and the holds that forbid it."""
