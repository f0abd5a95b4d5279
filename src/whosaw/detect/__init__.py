# SPDX-License-Identifier: Apache-2.0
"""Signals, one file each, and the findings they join into."""
