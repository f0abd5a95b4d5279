# SPDX-License-Identifier: Apache-2.0
"""Tables of values that others kept, taken into the vault."""
