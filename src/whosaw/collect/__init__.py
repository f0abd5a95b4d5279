# SPDX-License-Identifier: Apache-2.0
"""One reader per log source, all yielding the same records.

    file ──pieces──▶ bytes of one record ──read──▶ Taken | Skipped | Malformed ──intake──▶ journal

Nothing vanishes: taken + skipped + malformed is the number of records read, per file, and the counts are recorded.
"""
