# SPDX-License-Identifier: Apache-2.0
"""Where a log is read from: a folder, or a real server that behaves in every bad way."""

import os
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.ports import nobody
from tests.verify.desk import audit_of
from tests.verify.log_maker import LittleLog, Material, write

from whosaw.errors import BadInput, Damaged, NotCanonical, Unavailable
from whosaw.oversight.statement import make_statement
from whosaw.verify.folder import close, verify_folder
from whosaw.verify.source import FolderSource, HttpSource, open_source
from whosaw.verify.statement import verify_statement


@contextmanager
def server(answer):
    """A server on loopback; `answer(handler)` says what it does with each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}/log"
        finally:
            http.shutdown()


def plain(handler, body, code=200, headers=()):
    handler.send_response(code)
    for name, value in headers:
        handler.send_header(name, value)
    if not dict(headers).get("Content-Length"):
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def serving(files):
    def answer(handler):
        body = files.get(handler.path.removeprefix("/log/"))
        plain(handler, body or b"", 200 if body is not None else 404)

    return answer


def source(url, **changed):
    return HttpSource(url, **({"timeout": 0.5, "deadline": 2.0, "sleep": lambda _: None} | changed))


# Folders


def test_a_folder_is_listed_and_read(tmp_path):
    """Every file below is listed, however deep; a file that is not there is None."""
    write(tmp_path, {"checkpoint": b"c", "tile/0/000.p/1": b"t", "tile/entries/x001/067": b"e", ".odd": b""})
    folder = FolderSource(tmp_path)
    assert sorted(folder.names()) == [".odd", "checkpoint", "tile/0/000.p/1", "tile/entries/x001/067"]
    assert folder.read("tile/0/000.p/1", 10) == b"t"
    assert folder.read("tile/0/001", 10) is None
    assert folder.read("checkpoint/x", 10) is None


def test_an_empty_folder_is_a_name_too(tmp_path):
    """A folder that holds nothing is unaccounted for, unless a log of this size leaves such a one; then it counts as none."""
    log = LittleLog().pad(300)
    public = log.publish(tmp_path / "public", 100, 300)
    audit, source = audit_of(log), FolderSource(public)

    def report():
        steps, found = verify_folder(source, audit)
        return close(steps, audit, source, found.head)

    before = report()
    for name in ("tile/0/000.p/100", "tile/entries/000.p/100"):
        (public / name).unlink()
    assert report().exit == 0, report().text()
    assert report().facts["counts"]["files"] == before.facts["counts"]["files"] - 2
    for name in ("anna-example", "tile/0/anna", "tile/9", "tile/0/x001", "tile/0/002.p", "map/anna", "tile/0/000"):
        odd = public / name
        if odd.is_file():
            continue
        odd.mkdir()
        assert report().exit == 3, name
        assert f"{name}/: unaccounted for" in report().text()
        odd.rmdir()
    (public / "anna-example/below").mkdir(parents=True)
    assert "anna-example/below/: unaccounted for" in report().text()


def test_a_file_longer_than_it_may_be_is_not_read_whole(tmp_path):
    """A gigabyte in a tile's place is refused after the bytes that a tile has."""
    write(tmp_path, {"checkpoint": bytes(11)})
    assert FolderSource(tmp_path).read("checkpoint", 11) == bytes(11)
    with pytest.raises(NotCanonical):
        FolderSource(tmp_path).read("checkpoint", 10)


def test_only_files_are_files(tmp_path):
    """A link, a pipe and a folder in a file's place are no file, and a pipe does not hold us for ever."""
    write(tmp_path, {"real": b"x"})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    folder = FolderSource(tmp_path)
    for name in ("link", "pipe", "folder"):
        with pytest.raises(Damaged):
            folder.read(name, 10)
    assert sorted(folder.names()) == ["folder/", "link", "pipe", "real"]


def test_a_file_that_cannot_be_looked_at_decides_nothing(tmp_path):
    """What the system refuses to open is not "not there"."""
    with pytest.raises(Unavailable):
        FolderSource(tmp_path).read("n" * 300, 10)
    with pytest.raises(Unavailable):
        list(FolderSource(tmp_path / "none").names())


def test_links_in_a_published_folder_are_not_followed(tmp_path):
    """A log whose tile is a link elsewhere is not whole, though the bytes behind the link are right."""
    log = LittleLog().pad(5)
    public = log.publish(tmp_path / "public", 5)
    tile = public / "tile/0/000.p/5"
    tile.rename(tmp_path / "elsewhere")
    tile.symlink_to(tmp_path / "elsewhere")
    audit = audit_of(log)
    steps, found = verify_folder(FolderSource(public), audit)
    assert close(steps, audit, FolderSource(public), found.head).exit == 3
    tile.unlink()
    (tmp_path / "elsewhere").rename(tile)
    (public / "extra").symlink_to("/")
    steps, found = verify_folder(FolderSource(public), audit)
    assert "extra: unaccounted for" in close(steps, audit, FolderSource(public), found.head).text()


def test_what_is_neither_folder_nor_url_is_bad_input(tmp_path):
    """A wrong place is said before anything is verified."""
    write(tmp_path, {"file": b""})
    for place in (tmp_path / "none", tmp_path / "file", "ftp://example.org/log", "file:///etc", "", "http://"):
        with pytest.raises(BadInput):
            open_source(str(place))
    for url in (
        "http://h/a?b=1",
        "http://h/#x",
        "http://h:0/",
        "http://h:x/",
        "http://anna:pw@h/",
        "http://h/\n",
        "http://h/ b",
    ):
        with pytest.raises(BadInput) as caught:
            open_source(url)
        assert "pw" not in str(caught.value)


# HTTP


def test_a_served_log_holds(tmp_path):
    """The same steps over HTTP, with the step that needs a list left out."""
    log = LittleLog()
    log.look("p-88")
    log.pad(300)
    with server(serving(log.files(300))) as url:
        audit = audit_of(log)
        steps, found = verify_folder(source(url), audit)
        report = close(steps, audit, source(url), found.head)
        assert report.exit == 0, report.text()
        assert "Files cannot be listed over HTTP" in report.text()
        assert report.sentence.endswith("size 300")  # and no number of files: it would be that of a list


def test_a_statement_is_completed_over_http():
    """The search for a further label works on a served log too."""
    log = LittleLog()
    log.look("p-88")
    raw = make_statement("p-88", Material(log.pad(300), 300))
    with server(serving(log.files(300))) as url:
        report = verify_statement(raw, audit_of(log), "p-88", source(url))
        assert report.exit == 0, report.text()
        assert "complete for this account" in report.sentence


@pytest.mark.parametrize("code", [404, 410])
def test_not_there_is_an_answer(code):
    """404 and 410 say that there is no such file."""
    with server(lambda handler: plain(handler, b"", code)) as url:
        assert source(url).read("genesis", 10) is None


@pytest.mark.parametrize("code", [400, 403, 429, 500, 503])
def test_any_other_code_decides_nothing(code):
    """A server that does not want to, or cannot, says nothing about the log."""
    with server(lambda handler: plain(handler, b"", code)) as url, pytest.raises(Unavailable):
        source(url).read("genesis", 10)


def silent(handler):
    threading.Event().wait(1.0)


def dripping(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b"x")
            threading.Event().wait(0.05)
    except OSError:
        pass


def dripping_header(handler):
    """A header line that never ends, a byte at a time."""
    try:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except OSError:
        pass


BAD = {
    "drips a header": dripping_header,
    "leads to another server": lambda h: plain(h, b"", 302, headers=(("Location", "http://127.0.0.2:1/x"),)),
    "cut short": lambda h: plain(h, b"abc", headers=(("Content-Length", "300"),)),
    "silent": silent,
    "dripping": dripping,
    "gzip unasked": lambda h: plain(h, b"abc", headers=(("Content-Encoding", "gzip"),)),
    "no HTTP": lambda h: h.wfile.write(b"hello\r\n\r\n"),
    "hangs up": lambda h: h.connection.shutdown(socket.SHUT_RDWR),
    "leads to a file": lambda h: plain(h, b"", 302, headers=(("Location", "file:///etc/hostname"),)),
    "leads to ftp": lambda h: plain(h, b"", 302, headers=(("Location", "ftp://127.0.0.1/x"),)),
    "leads in a circle": lambda h: plain(h, b"", 302, headers=(("Location", h.path),)),
}


@pytest.mark.parametrize("way", BAD)
def test_a_bad_server_decides_nothing(way):
    """Slow, cut, redirected elsewhere: unreachable, within a bounded time, and never false."""
    with server(BAD[way]) as url, pytest.raises(Unavailable):
        source(url, timeout=0.3, deadline=0.5).read("checkpoint", 1000)


def test_an_endless_answer_is_cut():
    """A file beyond its limit is refused without reading on."""

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(65536))
        except OSError:
            pass

    with server(endless) as url, pytest.raises(NotCanonical):
        source(url).read("tile/0/000", 8192)


def test_a_redirect_over_http_is_followed():
    """A log that moved is found."""

    def moved(handler):
        if handler.path == "/log/genesis":
            plain(handler, b"", 301, headers=(("Location", "/new/genesis"),))
        else:
            plain(handler, b"here")

    with server(moved) as url:
        assert source(url).read("genesis", 10) == b"here"


def test_a_hiccup_is_tried_again():
    """One bad answer among good ones does not end an hour's audit."""
    answers = iter([503, 200])

    def hiccup(handler):
        plain(handler, b"ok", next(answers))

    with server(hiccup) as url:
        assert source(url).read("checkpoint", 10) == b"ok"


def test_nobody_there_is_unreachable():
    """A closed port is exit 7, not 3."""
    log = LittleLog()
    audit = audit_of(log)
    with nobody() as port:
        url = f"http://127.0.0.1:{port}"
        steps, found = verify_folder(source(url), audit)
        assert close(steps, audit, source(url), found.head).exit == 7


def test_a_server_without_a_checkpoint_is_the_wrong_address():
    """At a URL a missing checkpoint decides nothing; a missing tile under a signed one does."""
    log = LittleLog().pad(5)
    with server(serving({})) as url:
        steps, _ = verify_folder(source(url), audit_of(log))
        assert steps.exit == 7
    files = log.files(5)
    del files["tile/0/000.p/5"]
    with server(serving(files)) as url:
        steps, _ = verify_folder(source(url), audit_of(log))
        assert steps.exit == 3
