# SPDX-License-Identifier: Apache-2.0
"""Tables of whosaw.toml that have a file of their own; ``config`` reads them all."""
