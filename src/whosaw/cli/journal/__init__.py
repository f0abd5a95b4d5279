# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal`: the operator's desk, one file for each command."""
