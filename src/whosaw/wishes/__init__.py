# SPDX-License-Identifier: Apache-2.0
"""What a command asks of the gate that has the folder open."""
