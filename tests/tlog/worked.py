# SPDX-License-Identifier: Apache-2.0
"""The worked example of the specification: four leaves, a note, a receipt, with every number as printed there."""

ORIGIN = "log.example.org/whosaw"
K_PERSON = bytes(range(32))
NONCES = [bytes([0xA0 + i]) * 32 for i in range(4)]
BODIES = [
    b'{"kind":"genesis","v":1}',
    b'{"kind":"enrol","stream_key":"0ruyVtl+jRHm2gB6vDnz8xVfI2pXQoFuo92CM9dfnS0=","v":1}',
    b'{"kind":"look","look":"l-1","v":1}',
    b'{"kind":"look","look":"l-2","v":1}',
]
LABELS = [
    "f72996585f6631d955249a146fd0aa8787509bb375e30925bc40ce2ac166ce33",
    "23fd901ce0bebee24fd90445f14315745927df3edb1da9ef0acbdc68b011bf94",
    "27d09ff3ea952e39443726644f3d6926d7f5bfc40e640f0715273d51a7ad9d2b",
    "bb174e4fee2ebffd5804c93ab35dedbb92d0578d8a4e5363aee310045f76a477",
]
COMMITMENTS = {
    1: "e0475e70912ecdaae12e9f883416689bdc114144e08ecab6a0a030d6f73770c4",
    2: "f7281b3c4ac8f9970202087ba9d5905e7d7301efd5c5e6d6b5b99a0ea161bc4d",
}
LEAVES = {
    2: "0b500bd5300882c584f36196a7983213e09917b3ad8287e8f6deb9543dbe54bf",
    3: "7648d5f481366f593c8dd83dd858583d6b00a0eb0368a7ce9be3d64b4a97a0cd",
}
ROOT_3 = "f2f50e72fae302d4b206cebaae5bbdb022df2c115369c82f18732ca0a7ec1423"
ROOT_4 = "4f285222321a6f3df352eb276e8c33aa7a5bcba2f1aadfbd82dfe121de42e713"

LOG_SEED = b"\x07" * 32
LOG_KEY = "log.example.org/whosaw+e803d044+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
NOTE_4 = """\
log.example.org/whosaw
4
TyhSIjIabz3zUusnbowzqnpby6Lxqt+9gt/hId5C5xM=

— log.example.org/whosaw 6APQRNvxKAag7XoSBhlgtS3otSkkT39CWTes1T8B8yBF2huBaucTZr2BWNuVRHtr5SOF2VDPeq3oE+Sj8tr+43pvSQg=
""".encode()

RECEIPT_SEED = b"\x0a" * 32
RECEIPT = """\
whosaw/receipt/v1
origin log.example.org/whosaw
leaves 2 1
root C1AL1TAIgsWE82GWp5gyE+CZF7Otgofo9t65VD2+VL8=
key JEniHWFKXIqfStQFt5IqNvlr5DFOUSJjt0PcDOPX8gU=
at 2026-11-22T10:15:30.123Z
by 2026-11-22T10:16:30.123Z

— log.example.org/whosaw/receipts AboFX6vE2pE4SQ0q3eKf23AEyM9WMxUG5DwCf27s1Gd9gE7+ExLMjy3getL5ubbTvKev5gtq4u41V4nG0WBUfFvItQY=
""".encode()
