# SPDX-License-Identifier: Apache-2.0
"""Approvals: asked for by one, signed by others who are independent by computation, used once, reviewed."""
