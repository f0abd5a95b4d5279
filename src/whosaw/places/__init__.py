# SPDX-License-Identifier: Apache-2.0
"""Where an address may be, said honestly: by which database, of when, how far off, and how sure. And how little it proves."""
