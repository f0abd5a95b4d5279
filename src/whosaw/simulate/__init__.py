# SPDX-License-Identifier: Apache-2.0
"""Invented companies: a small one whose story is played against the real product, and one of any size to detect in.

    summer/     forty people and ten weeks, for the demonstration and the tour
    company/ ──▶ work/ ──▶ plants/ and twins/ ──▶ folder/        a dataset folder, and apart from it what was planted

Nothing here knows what watches it, or shares code with it. Everybody is invented.
"""
