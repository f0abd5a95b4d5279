# SPDX-License-Identifier: Apache-2.0
"""fsck: everything that a log consists of, held against everything else, check by check."""
