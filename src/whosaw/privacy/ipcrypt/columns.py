# SPDX-License-Identifier: Apache-2.0
"""Columns of addresses in Arrow: text, 16 bytes, or a dictionary of either; empty places stay empty.

    string        ──▶ string            deterministic, pfx: an address in its one spelling; ndx: 64 hexadecimal digits
    binary(16)    ──▶ binary(16 or 32)
    dictionary<…> ──▶ dictionary<…>     each address that there is, once; ndx: a plain column

Invariant: a dictionary is never kept for ndx. It would say which rows are equal, which is all that ndx hides. What cannot be
read as an address stops the column: nothing of it is handed out, and the error says in which row, never what stood there.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from whosaw.errors import BadInput
from whosaw.privacy.ipcrypt.address import SIZE, packed, spelled
from whosaw.privacy.ipcrypt.blocks import Rows, checked

pa: Any = import_module("pyarrow")  # whose own types say too little

Encrypt = Callable[[Rows], Rows]
"""(n, 16) to (n, 16), or (n, 32) with tweaks that it draws."""


def encrypted(column: Any, encrypt: Encrypt, width: int) -> Any:
    """`column` (Array or ChunkedArray) of addresses as a column of pseudonyms of `width` bytes."""
    if isinstance(column, pa.ChunkedArray):
        # One chunk, because chunks of a dictionary would have as many dictionaries.
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        if width != SIZE:
            return encrypted(column.dictionary_decode(), encrypt, width)
        made = encrypted(column.dictionary, encrypt, width)
        return pa.DictionaryArray.from_arrays(column.indices, made)
    if _is_text(column.type) and width == SIZE:
        return _texts(column, encrypt)
    empty = np.asarray(column.is_null())
    rows = encrypt(rows_of(column.filter(column.is_valid())))
    return _column(rows, empty, text=_is_text(column.type))


def rows_of(column: Any) -> Rows:
    """The addresses of a column without empty places, (n, 16). Raises BadInput, which names the row."""
    if _is_text(column.type):
        raw = bytearray()
        for number, text in enumerate(column.to_pylist()):
            try:
                raw += packed(text)
            except BadInput as error:
                raise BadInput("not an IP address", where=f"row {number}", hint=error.hint) from None
        return np.frombuffer(bytes(raw), np.uint8).reshape(-1, SIZE)
    if pa.types.is_fixed_size_binary(column.type) and column.type.byte_width == SIZE:
        if not len(column):
            return np.empty((0, SIZE), np.uint8)
        _, data = column.buffers()
        begin = column.offset * SIZE
        return checked(np.frombuffer(data, np.uint8)[begin : begin + len(column) * SIZE].reshape(-1, SIZE))
    raise BadInput("a column of addresses is text or 16 bytes wide", where="column")


def _texts(column: Any, encrypt: Encrypt) -> Any:
    """Each text once: a log has far more rows than addresses, and parsing costs more than encrypting."""
    coded = column.dictionary_encode()
    rows = encrypt(rows_of(coded.dictionary)).tobytes()
    made = pa.array([spelled(rows[at : at + SIZE]) for at in range(0, len(rows), SIZE)], pa.string())
    return made.take(coded.indices)


def _column(rows: Rows, empty: np.ndarray[Any, np.dtype[np.bool_]], *, text: bool) -> Any:
    width = rows.shape[1]
    if text:
        raw = rows.tobytes().hex()
        full: Any = pa.array([raw[at : at + 2 * width] for at in range(0, len(raw), 2 * width)], pa.string())
    else:
        full = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(width), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))]
        )
    if not empty.any():
        return full
    where = np.cumsum(~empty) - 1
    return full.take(pa.array(where, pa.int64(), mask=empty))


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
