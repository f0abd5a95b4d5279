# SPDX-License-Identifier: Apache-2.0
"""What the person, a regulator and the public get, with proofs."""
