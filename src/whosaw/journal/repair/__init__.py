# SPDX-License-Identifier: Apache-2.0
"""Repair: what follows from something verified is made again, from bundles, frames or a mirror."""
