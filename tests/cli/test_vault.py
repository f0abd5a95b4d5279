# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault rotate`: by whose order."""

from whosaw.wiring import house


def test_nobody_who_does_not_work_here_rotates(desk):
    """Unknown, in another spelling, or gone: 2, no epoch, nothing on record; also beside a gate, which is left no wish."""
    for by in ("nobody", "Ines", ""):
        said = desk.typed("vault", "rotate", "--by", by)
        assert (said.code, said.out) == (2, ""), said
    with house(desk.data) as here:
        said = desk.typed("vault", "rotate", "--by", "nobody")
        assert (said.code, "nobody of this id works here" in said.err) == (2, True)
        assert here.keyring.epochs.numbers() == (1,)
        assert here.keyring.wishes.wished() is None
    assert desk.typed("vault", "rotate", "--by", "ines").code == 0
