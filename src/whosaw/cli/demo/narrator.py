# SPDX-License-Identifier: Apache-2.0
"""What the demonstration prints: scenes, sentences, small tables. And what of it the page tells again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TextIO

WIDTH = 96


class Narrator:
    """Tells on `stream`; keeps in `told` what belongs on the page."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._scene = 0
        self.told: list[str] = []

    def scene(self, title: str) -> None:
        """A new scene, numbered."""
        self._scene += 1
        self._out(f"\n{self._scene}. {title}\n")

    def say(self, sentence: str, *, on_page: bool = False) -> None:
        """One sentence or more, wrapped."""
        self._out(textwrap.fill(sentence, WIDTH, initial_indent="   ", subsequent_indent="   ") + "\n")
        if on_page:
            self.told.append(sentence)

    def quote(self, lines: Iterable[str]) -> None:
        """What something else said, set apart."""
        for line in lines:
            self._out(textwrap.fill(line, WIDTH, initial_indent="     | ", subsequent_indent="     |   ") + "\n")

    def plain(self, line: str) -> None:
        """A line as it is, to be copied."""
        self._out(f"{line}\n")

    def _out(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
