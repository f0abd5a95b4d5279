# SPDX-License-Identifier: Apache-2.0
"""Witnessing, both sides: a witness that anyone can run, and what a log asks of the witnesses it has.

judge    request + what was seen + clock ─▶ answer     the rules, pure
heads    the latest head of each log, checked and kept in one transaction
server   the same over HTTP                            folder   its keys, its logs, its evidence

client   one question to one witness ─▶ a value        fork     what a witness shows against what we know
loop     one witness, for as long as a log is open     collect  all of them: cosignatures until the quorum is met
"""
