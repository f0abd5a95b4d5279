# SPDX-License-Identifier: Apache-2.0
"""Who looked at this person, who acted together, who else is exposed; its own steps are looks too."""
