# SPDX-License-Identifier: Apache-2.0
"""One reader per log source, all yielding the same records."""
