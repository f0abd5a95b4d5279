# SPDX-License-Identifier: Apache-2.0
"""For all tests: no property fails because the machine is busy."""

from hypothesis import settings

settings.register_profile("whosaw", deadline=None)
settings.load_profile("whosaw")
