# SPDX-License-Identifier: Apache-2.0
"""The signals, one file each."""
