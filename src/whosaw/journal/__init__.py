# SPDX-License-Identifier: Apache-2.0
"""The journal: the only writer of the log. Segments, ports, sequencer, reader, labels, fsck."""
