# SPDX-License-Identifier: Apache-2.0
"""Keys, pseudonyms, detail ladders and the secret half of the VRF."""
