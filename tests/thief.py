# SPDX-License-Identifier: Apache-2.0
"""A thief of single files: every spelling of an address, in whatever it may be wrapped; digests that could be tried; ciphers without their keys.

Loot(name, raw)                 one stolen file, or one answer
Thief(addresses, persons).finds(loot)                  ──▶ spellings that stand there
                          .guesses(loot, secrets)      ──▶ digests that one who guesses right would recognise
                          .opens(blobs, secrets)       ──▶ values that a stolen secret decrypts
"""

import base64
import hashlib
import hmac
import io
import ipaddress
import re
import sqlite3
import zlib
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from tests.docs.prose import ROOT

from whosaw.model.record import StreamKind
from whosaw.privacy.root import CARRIED, expand

_B64 = re.compile(rb"[A-Za-z0-9+/_-]{14,}={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){10,}")
_B32 = re.compile(rb"[a-z2-7]{16,}")
# Every word that keys and digests of ours are told apart by, as the sources have it.
_SOURCES = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
DOMAINS = sorted(
    {each.encode() for each in re.findall(r'"(whosaw/[a-z0-9_/-]+)', _SOURCES)}
    | {f"whosaw/{name}/v1".encode() for name in CARRIED}
)
SIZE = 10  # bytes of a digest that are enough to recognise it: the shortest that stands anywhere


@dataclass(frozen=True)
class Loot:
    """Bytes, and whatever they turn out to hold."""

    name: str
    raw: bytes = field(repr=False)

    def layers(self):
        """The bytes; what is packed in them; the cells of a table; what runs of base64, hex and base32 spell."""
        yield self.raw
        if self.raw[:4] == b"PAR1":
            yield "\n".join(map(str, pq.read_table(io.BytesIO(self.raw)).to_pylist())).encode()
        for mark in (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
            at = -1
            while (at := self.raw.find(mark, at + 1)) >= 0:
                with suppress(zlib.error):
                    yield zlib.decompressobj(47).decompress(self.raw[at:], 1 << 24)
        yield b"\n".join(
            _decoded(_B64, self.raw, lambda run: base64.urlsafe_b64decode(run.translate(_SAFE).rstrip(b"=") + b"=="))
        )
        yield b"\n".join(_decoded(_HEX, self.raw, lambda run: bytes.fromhex(run.decode())))
        yield b"\n".join(_decoded(_B32, self.raw, lambda run: base64.b32decode(run[: len(run) // 8 * 8].upper())))


_SAFE = bytes.maketrans(b"+/", b"-_")


def _decoded(pattern, raw, decode):
    for found in pattern.findall(raw):
        try:
            yield decode(found)
        except ValueError:
            continue


def spellings(address):
    """What an address may look like, as bytes: each is so long that chance does not write it."""
    one = ipaddress.ip_address(address)
    texts = {address, one.exploded, address[::-1], one.reverse_pointer}
    raws = {one.packed} if one.version == 6 else set()
    if one.version == 4:
        mapped = ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + one.packed)
        texts |= {
            f"::ffff:{address}", mapped.compressed, mapped.exploded, ".".join(f"{each:03d}" for each in one.packed),
            ".".join(f"0x{each:x}" for each in one.packed), ".".join(f"0{each:o}" for each in one.packed),
            address.replace(".", "-"), address.replace(".", "_"), str(int(one)), f"0x{int(one):08x}", str(list(one.packed)),
        }  # fmt: skip
        raws |= {mapped.packed, b"\xff\xff" + one.packed}
    texts |= {each.replace(":", "%3A") for each in texts} | {each.upper() for each in texts}
    hexes = {one.packed.hex(), one.packed.hex(":"), one.packed.hex("-")}
    texts |= hexes | {each.upper() for each in hexes}
    found = {each.encode() for each in texts} | raws
    found |= {each.encode(code) for each in texts for code in ("utf-16-le", "utf-16-be", "utf-32-le")}
    found |= {each.encode().hex().encode() for each in texts}
    for each in (*(t.encode() for t in texts), *raws):
        for shift in range(3):  # base64 of something that has it inside: where it begins decides how it is spelled
            inside = base64.b64encode(b"\0" * shift + each)[(0, 2, 3)[shift] : (shift + len(each)) * 8 // 6]
            if len(inside) >= 8:
                found |= {inside, inside.translate(_SAFE)}
    return frozenset(each for each in found if len(each) >= 6)


@dataclass
class Thief:
    """Who knows whom they are after and where that person was, and wants to hear it from what they stole."""

    addresses: tuple[str, ...]
    persons: tuple[str, ...]
    files: tuple[bytes, ...] = ()  # whole small files that were read in

    def __post_init__(self):
        words = sorted({one for each in self.addresses for one in spellings(each)}, key=len, reverse=True)
        self._words = re.compile(b"|".join(map(re.escape, words)))

    def finds(self, loot):
        return sorted({found for layer in loot.layers() for found in self._words.findall(layer)})

    def bare(self):
        """IPv4 addresses as their four bytes alone. One stands somewhere by chance; two in one file do not."""
        found = (ipaddress.ip_address(each) for each in self.addresses)
        return [one.packed for one in found if one.version == 4]

    def texts(self):
        """name → what could have been digested to tell this one from others."""
        for address in self.addresses:
            one = ipaddress.ip_address(address)
            made = {address.encode(), one.packed, one.exploded.encode(), str(int(one)).encode()}
            if one.version == 4:
                made |= {b"\0" * 10 + b"\xff\xff" + one.packed, f"::ffff:{address}".encode()}
            made |= {b"ip " + address.encode(), b"ip\0" + address.encode(), b'"' + address.encode() + b'"'}
            for each in made:
                yield "address", each
            for length in (24, 48) if one.version == 6 else (24, 20, 16):
                network = ipaddress.ip_network((address, length), strict=False)
                raw = network.network_address.packed
                for each in (
                    str(network).encode(),
                    raw,
                    bytes([len(raw), length]) + raw,
                    b"token\0" + bytes([len(raw), length]) + raw,
                ):
                    yield "network", each
        for person in self.persons:
            raw = person.encode()
            for each in (
                raw,
                bytes([StreamKind.PERSON]) + raw,
                bytes([StreamKind.PERSON]) + raw + bytes(4),
                b'"' + raw + b'"',
            ):
                yield "person", each
        for raw in self.files:
            yield "file", raw
            yield "file", hashlib.sha256(raw).digest()

    def digests(self, secrets):
        """first bytes of a digest → (of what, under which secret): plain ones, and those under each secret and each key below it."""
        made = {}
        texts = list(self.texts())
        for what, text in texts:
            for before in (b"", *DOMAINS):
                for hashed in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.blake2b, hashlib.sha512):
                    made[hashed(before + text).digest()[:SIZE]] = (what, "")
        for name, secret in secrets.items():
            keys = [secret, *(expand(secret[:64], each) for each in DOMAINS)]
            keys += [expand(key, each) for key in keys[1:] for each in DOMAINS if b"prefix" in each]
            for key in keys:
                for what, text in texts:
                    for before in (
                        (b"", *(d for d in DOMAINS if b"import" in d or b"intake" in d)) if what == "file" else (b"",)
                    ):
                        made[hmac.digest(key, before + text, "sha256")[:SIZE]] = (what, name)
        self._heads = np.sort(np.frombuffer(b"".join(each[:8] for each in made), np.uint64))
        return made

    def guesses(self, loot, digests):
        """(of what, under which secret) of digests that stand there."""
        heads, found = self._heads, set()
        for layer in loot.layers():
            for shift in range(8):
                words = np.frombuffer(layer[shift : shift + (len(layer) - shift) // 8 * 8], np.uint64)
                places = np.minimum(np.searchsorted(heads, words), len(heads) - 1)
                for at in np.flatnonzero(heads[places] == words):
                    begin = shift + 8 * int(at)
                    if (hit := digests.get(layer[begin : begin + SIZE])) is not None:
                        found.add(hit)
        return found

    def opens(self, blobs, secrets):
        """Secrets under which a blob, nonce first, decrypts to one of the addresses. Whoever steals does not care about a tag."""
        texts, opened = [each.encode() for each in self.addresses], set()
        for name, secret in secrets.items():
            for key in (secret[:32].ljust(32, b"\0"), *(expand(secret[:64], each) for each in DOMAINS)):
                for blob in blobs:
                    stream = Cipher(algorithms.AES(key), modes.CTR(blob[:12] + b"\0\0\0\2")).decryptor()
                    plain = stream.update(blob[12:])
                    if any(each in plain for each in texts):
                        opened.add(name)
        return opened


def blobs_of(*databases):
    """Every value of bytes in these databases that could be sealed: longer than a nonce and a tag, and no digest."""
    for path in databases:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in db.execute(f'select * from "{table}"'):
                    yield from (each for each in row if isinstance(each, bytes) and len(each) > 28 and len(each) != 32)
        finally:
            db.close()


def stolen(folder):
    """Each file below a folder, by its name there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield Loot(str(path.relative_to(folder)), path.read_bytes())
