# SPDX-License-Identifier: Apache-2.0
"""Findings after they were found: who reviews them, in which state they are, how they ended, and what is hidden by rule."""
