# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms of IP addresses a second: a million mixed addresses at once, beside those who do one at a time.

    ipcrypt_det ipcrypt_ndx     beside the package `ipcrypt`, its fastest way: bytes of keys, addresses as objects
    ipcrypt_pfx                 beside `yacryptopan`, the older way to keep networks together

Half of the addresses are IPv4 and half IPv6, and all are drawn at random: no two share a network, which is the worst there is for pfx,
where work on a network is done once. The peers are measured on a sample of the same addresses, because a million would take them minutes;
and all of it beside AES over as many blocks as each variant needs at least, which nothing that is made of AES can undercut.
"""

import time
from collections.abc import Callable
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pyarrow as pa
from bench.figures import Figure, Measured
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from whosaw.privacy.ipcrypt.address import MAPPED, spelled
from whosaw.privacy.ipcrypt.blocks import Rows
from whosaw.privacy.ipcrypt.columns import encrypted
from whosaw.privacy.ipcrypt.deterministic import Deterministic
from whosaw.privacy.ipcrypt.ndx import Ndx
from whosaw.privacy.ipcrypt.pfx import Pfx

COUNT, SAMPLE, TEXTS, TIMES = 1_000_000, 4_000, 200_000, 3
KEY = bytes(range(32))


def addresses(count: int) -> Rows:
    """Every second one IPv4, at random."""
    made = np.random.default_rng(2026).integers(0, 256, (count, 16), np.uint8)
    made[::2, :12] = np.frombuffer(MAPPED, np.uint8)
    return made


def seconds(work: Callable[[], object]) -> float:
    """The best of a few times, in processor time of this thread: the machine has others to serve."""
    taken = []
    for _ in range(TIMES):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


def measure(folder: Path) -> Measured:
    """The three figures, and how far each is from plain AES."""
    del folder
    found = Measured()
    try:
        ipcrypt, pan = import_module("ipcrypt"), import_module("yacryptopan")
    except ModuleNotFoundError as error:
        found.notes.append(f"ipcrypt: left out, {error.name} is not installed")
        return found
    rows = addresses(COUNT)
    tweaks = np.random.default_rng(7).integers(0, 256, rows.shape, np.uint8)
    texts = [spelled(row.tobytes()) for row in rows[:SAMPLE]]
    objects = [ip_address(text) for text in texts]
    theirs = pan.CryptoPAn(KEY)
    det, ndx, pfx = Deterministic(KEY[:16]), Ndx(KEY), Pfx(KEY)
    for name, ours, peer, peer_name, blocks in (
        ("ipcrypt_det", lambda: det.encrypt_all(rows),
         lambda: [ipcrypt.deterministic_encrypt(each, KEY[:16]) for each in objects], "ipcrypt, one at a time", COUNT),
        ("ipcrypt_ndx", lambda: ndx.encrypt_all(rows, tweaks),
         lambda: [ipcrypt.ndx_encrypt(each, KEY) for each in objects], "ipcrypt, one at a time", 2 * COUNT),
        ("ipcrypt_pfx", lambda: pfx.encrypt_all(rows),
         lambda: [theirs.anonymize(each) for each in texts], "yacryptopan, one at a time", COUNT // 2 * (64 + 256)),
    ):  # fmt: skip
        mine, other, least = seconds(ours), seconds(peer), plain(blocks)
        found.figures.append(Figure.of(name, "addresses/s", COUNT / mine, SAMPLE / other, peer_name))
        found.notes.append(
            f"{name}: {mine / least:.1f} times as long as AES alone over its {blocks / COUNT:,.0f} blocks an address ({blocks / least / 1e6:,.0f} million blocks/s)"
        )
    column = pa.array([spelled(row.tobytes()) for row in rows[:TEXTS]])
    taken = seconds(lambda: encrypted(column, pfx.encrypt_all, 16))
    found.notes.append(
        f"ipcrypt_pfx: from text to text, no address twice: {TEXTS / taken:,.0f} addresses/s; the rest is reading and writing them"
    )
    return found


def plain(blocks: int) -> float:
    """Seconds of AES over so many blocks, a megabyte at a time as ours has it, out of a cache and into one."""
    one = 65_536
    given, out = bytes(one * 16), bytearray(one * 16 + 15)
    cipher = Cipher(AES(KEY[:16]), modes.ECB())

    def work() -> None:
        encryptor = cipher.encryptor()
        for _ in range(max(1, blocks // one)):
            encryptor.update_into(given, out)

    return seconds(work) * blocks / (max(1, blocks // one) * one)
