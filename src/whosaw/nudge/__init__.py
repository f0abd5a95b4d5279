# SPDX-License-Identifier: Apache-2.0
"""The question of the same day: what was this look for?"""
