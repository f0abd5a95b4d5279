# SPDX-License-Identifier: Apache-2.0
"""A small invented company and one summer of it, to play against the real product.

    company ──▶ tables ──▶ the directory's folder         staff, persons, cases    what stands still
       └──────▶ summer ──▶ acts in order of time          articles, planted        what happens

It knows nothing of what watches it, and shares no code with it. Everybody is invented.
"""
