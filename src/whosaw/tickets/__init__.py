# SPDX-License-Identifier: Apache-2.0
"""Cases where they are kept: a ticket system is asked at the look, and what it says becomes facts of the directory."""
