# SPDX-License-Identifier: Apache-2.0
"""Who asks, and for whom: tools by certificate or token, employees by their own."""
