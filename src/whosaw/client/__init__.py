# SPDX-License-Identifier: Apache-2.0
"""What an internal tool installs: ask the gate, show what it shows, and nothing where it does not answer."""
