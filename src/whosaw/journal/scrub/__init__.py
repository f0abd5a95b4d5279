# SPDX-License-Identifier: Apache-2.0
"""The scrub: the same log, read from the disk for ever, a little at a time."""
