# SPDX-License-Identifier: Apache-2.0
"""The log's mathematics over bytes: pure functions, no clock, no disk, no network."""
