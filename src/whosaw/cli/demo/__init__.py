# SPDX-License-Identifier: Apache-2.0
"""The demonstration: one summer at an invented company, over real HTTP on loopback."""
