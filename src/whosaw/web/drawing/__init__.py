# SPDX-License-Identifier: Apache-2.0
"""Where each mark of a drawing stands: geometry only, no markup. Every drawing has a table with the same facts."""
