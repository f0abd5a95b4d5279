# SPDX-License-Identifier: Apache-2.0
"""The company itself: who works there, who its customers are, how those are tied, what is written about it."""
