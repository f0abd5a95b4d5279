# SPDX-License-Identifier: Apache-2.0
"""The page for outsiders, followed command by command against a server that knows nothing but files."""

import functools
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.docs.played import ENVIRONMENT, WHOSAW, missing
from tests.docs.prose import ROOT, blocks
from tests.docs.test_tour import _commands

PAGE = ROOT / "docs/verify-from-outside.md"
ADDRESS = "https://log.example.org/whosaw"
_END = "@@ whosaw outside @@"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def serving(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def steps():
    """(typed, quoted, promised exit code) of every command on the page."""
    for block in blocks(PAGE):
        if block.kind == "console":
            promised = re.fullmatch(r"exit (\d)", block.name)
            for typed, quoted in _commands(block.body):
                yield typed, quoted, int(promised[1]) if promised else 0


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """(typed, quoted, promised, exit code, output) of the whole page, in one shell."""
    home = tmp_path_factory.mktemp("outside")
    shutil.copytree(ROOT / "docs/spec/example", home, dirs_exist_ok=True)
    found = list(steps())
    with serving(home / "public") as url:
        lines = "".join(f'{typed.replace(ADDRESS, url)}\necho "{_END} $?"\n' for typed, _, _ in found)
        path = f"{WHOSAW.parent}:{ENVIRONMENT['PATH']}"
        script = f'python3() {{ "{sys.executable}" "$@"; }}\n{lines}'
        ran = subprocess.run(
            ["bash", "-s"], input=script, cwd=home, env=ENVIRONMENT | {"PATH": path, "http_proxy": "", "HTTP_PROXY": ""},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    said = re.split(rf"{_END} (\d+)\n", ran.stdout)
    return [(*step, int(code), out) for step, code, out in zip(found, said[1::2], said[0::2], strict=False)], ran.stderr


def test_every_command_ends_as_the_page_says(walked):
    """Exit 3 comes where it is promised, and nowhere else; no command of the page is left out."""
    ended, stderr = walked
    assert [(typed, code) for typed, _, _, code, _ in ended] == [(typed, code) for typed, _, code in steps()], stderr
    assert len(ended) >= 12


def test_the_page_shows_what_is_really_said(walked):
    """Every line that is quoted is said, but for numbers."""
    assert [
        (typed, gone) for typed, quoted, _, _, said in walked[0] if quoted and (gone := missing(quoted, said))
    ] == []


def test_the_page_knows_every_step_and_every_exit_code():
    """A row for each step of the report and for each way that a check can end."""
    text = PAGE.read_text()
    assert re.findall(r"^\| (\d) ", text, re.MULTILINE)[:8] == list("12345678")
    assert re.findall(r"^\| (\d+) \| [a-z*]", text, re.MULTILINE)[-5:] == ["0", "2", "3", "7", "130"]


def test_the_own_check_has_nothing_of_ours():
    """It is another implementation, not ours called by another name."""
    own = next(typed for typed, _, _ in steps() if "own.py" in typed)
    assert "whosaw" not in own.lower()
