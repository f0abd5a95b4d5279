# SPDX-License-Identifier: Apache-2.0
"""The identity provider's token: made once, kept as a digest, in a file that is nobody else's; and the house's application."""

import asyncio
import os
import stat

import httpx
import pytest
from tests.api.scim.world import served, user

from whosaw.api.scim.house import scim_app
from whosaw.api.scim.token import FILE, admits, make_token
from whosaw.errors import BadInput, Misconfigured
from whosaw.wiring import build, house


@pytest.fixture
def folder(tmp_path):
    build(tmp_path / "data", "log.example.org/whosaw")
    return tmp_path / "data"


def test_a_token_is_kept_as_its_digest(folder, tmp_path):
    """Two files, both only ours; what is kept has no byte of the token."""
    make_token(folder, tmp_path / "token", os.urandom)
    token = (tmp_path / "token").read_bytes().strip()
    assert len(token) == 43
    assert token not in (folder / FILE).read_bytes()
    for path in (tmp_path / "token", folder / FILE):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert admits(folder)(token)
    assert not any(
        admits(folder)(bad)
        for bad in (b"", token[:-1], token + b"x", token.lower(), (folder / FILE).read_bytes().strip())
    )


def test_a_new_token_ends_the_old_one_at_once(folder, tmp_path):
    """Without a restart: it is read at each request."""
    make_token(folder, tmp_path / "one", os.urandom)
    ask = admits(folder)
    one = (tmp_path / "one").read_bytes().strip()
    assert ask(one)
    make_token(folder, tmp_path / "two", os.urandom)
    assert not ask(one)
    assert ask((tmp_path / "two").read_bytes().strip())


def test_a_file_that_is_there_stays(folder, tmp_path):
    """Nothing is overwritten, and the token that counts is still the one before."""
    make_token(folder, tmp_path / "token", os.urandom)
    kept = (folder / FILE).read_bytes()
    with pytest.raises(BadInput, match="is there already"):
        make_token(folder, tmp_path / "token", os.urandom)
    assert (folder / FILE).read_bytes() == kept
    with pytest.raises(BadInput):
        make_token(tmp_path, tmp_path / "third", os.urandom)
    assert not (tmp_path / "third").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_file_of_others_counts_for_nothing(folder, tmp_path, mode):
    """Whoever could write there could let themselves in."""
    make_token(folder, tmp_path / "token", os.urandom)
    (folder / FILE).chmod(mode)
    with pytest.raises(Misconfigured, match="by others") as told:
        admits(folder)((tmp_path / "token").read_bytes().strip())
    assert told.value.hint.startswith(f"chmod 600 {folder / FILE},")


@pytest.mark.parametrize("raw", [b"", b"x", b"0" * 64, b"G" * 64 + b"\n", b"0" * 65 + b"\n", b"0" * 100_000])
def test_what_is_no_digest_lets_nobody_in(folder, raw):
    """Not one spelling too many."""
    (folder / FILE).write_bytes(raw)
    (folder / FILE).chmod(0o600)
    with pytest.raises(Misconfigured, match="no digest"):
        admits(folder)(b"0" * 64)


def test_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"0" * 64 + b"\n")
    (folder / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="cannot be read"):
        admits(folder)(b"x")


def test_without_a_token_nobody_is_let_in(folder):
    assert not admits(folder)(b"")


def test_a_house_hears_of_a_leaver_over_a_socket(folder, tmp_path, monkeypatch):
    """The real house under uvicorn: a joiner is known, a leaver refused, and approvals hear of it."""
    settled = []
    monkeypatch.setattr("whosaw.api.scim.house.settle", settled.append)
    make_token(folder, tmp_path / "token", os.urandom)
    token = (tmp_path / "token").read_text().strip()
    left = []
    with house(folder) as here:
        app = scim_app(here, [lambda who, _: left.append(who)])
        with served(app) as url, httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}) as idp:
            made = idp.post("/Users", json=user("zoe", dept="d", function="support", country="IE"))
            assert made.status_code == 201
            zoe = here.pseudonyms.principal("zoe")
            assert here.directory.present(zoe, here.clock())
            assert idp.get("/Users", headers={"authorization": "Bearer x"}).status_code == 401
            assert idp.delete(made.headers["location"]).status_code == 204
            assert not here.directory.present(zoe, here.clock())
            assert (left, settled) == ([zoe], [here.approvals])
            head = httpx.request("HEAD", f"{url}/Users", headers={"authorization": f"Bearer {token}"})
            assert (head.status_code, head.content) == (200, b"")
            slow = httpx.post(
                f"{url}/Users", content=iter([b"x" * 600_000] * 3), headers={"authorization": f"Bearer {token}"}
            )
            assert slow.status_code == 413
        assert {f.source for f in here.directory.feeds(here.clock())} == {"scim"}


def test_another_kind_of_connection_is_nothing_for_it(folder):
    """No web sockets, no lifespan: it returns."""
    with house(folder) as here:
        asyncio.run(scim_app(here)({"type": "lifespan"}, None, None))


def test_the_gate_serves_it(folder):
    """`whosaw serve` has it mounted where providers look for it."""
    from whosaw.cli.serve import _mounted

    with house(folder) as here:
        assert list(_mounted(here)) == ["/scim/v2/"]
