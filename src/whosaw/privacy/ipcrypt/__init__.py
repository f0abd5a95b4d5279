# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms of IP addresses: ciphertexts that may be counted and joined, and read by nobody without the key.

    address ──packed──▶ 16 bytes ──deterministic──▶ 16 bytes   the same address has the same one: distinct ones are counted
                                 ├──pfx────────────▶ 16 bytes   and networks stay together, bit for bit; IPv4 stays IPv4
                                 └──ndx + tweak────▶ 32 bytes   never the same one twice

Nothing here asks who may: that is ``guard.pseudonyms``. Needs the extra `pseudonyms`.
Specification: draft-denis-ipcrypt. Why not all of it: docs/adr/0121
"""
