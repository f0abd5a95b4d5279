# SPDX-License-Identifier: Apache-2.0
"""Honest work of the same shape as a planted incident, one to a file."""
