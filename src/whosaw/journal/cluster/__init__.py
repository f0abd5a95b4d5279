# SPDX-License-Identifier: Apache-2.0
"""One log, many gates: any of them hands in, one of them, elected, is the sequencer."""
