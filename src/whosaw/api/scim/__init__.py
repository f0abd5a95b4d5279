# SPDX-License-Identifier: Apache-2.0
"""SCIM 2.0: joiners, movers and leavers, from an identity provider."""
