# SPDX-License-Identifier: Apache-2.0
"""The gate over HTTP: decisions that any tool can ask for, and whole looks."""
