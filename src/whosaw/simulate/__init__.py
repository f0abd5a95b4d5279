# SPDX-License-Identifier: Apache-2.0
"""A small invented company to try things on."""
