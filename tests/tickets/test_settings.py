# SPDX-License-Identifier: Apache-2.0
"""Settings of ticket systems refuse what they do not know, and a token is where only its owner reads."""

import pytest

from whosaw.errors import Misconfigured, Unavailable
from whosaw.settings.tickets import TicketSettings, address, check_tickets, words
from whosaw.tickets.secret import proof, read_token

JIRA = {
    "kind": "jira", "name": "support", "pattern": "SUP-[0-9]+", "url": "https://jira.example", "token_env": "T",
    "persons": "customfield_1",
}  # fmt: skip


def checked(**changes):
    check_tickets((TicketSettings(**{**JIRA, **changes}),))


def test_what_is_right_is_taken():
    """One of each kind."""
    checked()
    checked(kind="webhook", url="", persons="")
    checked(kind="github", pattern="GH-([0-9]+)", url="https://api.github.example/repos/a/b", persons="person:")


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"kind": "paper"}, "tickets.kind"),
        ({"name": "Two Words"}, "tickets.name"),
        ({"pattern": "("}, "tickets.pattern"),
        ({"pattern": ".*"}, "tickets.pattern"),
        ({"pattern": "[^x]+"}, "tickets.pattern"),
        ({"pattern": "(A)-([0-9]+)"}, "tickets.pattern"),
        ({"token_env": ""}, "tickets.token_env"),
        ({"token_file": "t"}, "tickets.token_env"),
        ({"token_env": "s3cr3t!"}, "tickets.token_env"),
        ({"url": ""}, "tickets.url"),
        ({"url": "http://jira.example"}, "tickets.url"),
        ({"url": "https://me:pw@jira.example"}, "tickets.url"),
        ({"url": "https://jira.example/?q=1"}, "tickets.url"),
        ({"url": "ftp://jira.example"}, "tickets.url"),
        ({"persons": ""}, "tickets.persons"),
        ({"types": ("a",)}, "tickets.types"),
        ({"types": ("a=b", "a=c")}, "tickets.types"),
        ({"kind": "webhook"}, "tickets.url"),
        ({"kind": "webhook", "url": "", "persons": "", "pattern": "OPS-([0-9]+)"}, "tickets.url"),
    ],
)
def test_what_is_wrong_is_refused_by_name(changes, setting):
    """And no value is repeated: it may be a token in the wrong place."""
    with pytest.raises(Misconfigured) as raised:
        checked(**changes)
    assert raised.value.setting == setting
    assert "s3cr3t" not in str(raised.value) and "pw" not in str(raised.value)


def test_two_systems_of_one_name_are_refused():
    """A record could not say which of them spoke."""
    with pytest.raises(Misconfigured, match="share"):
        check_tickets((TicketSettings(**JIRA), TicketSettings(**JIRA)))


def test_plain_http_is_for_this_machine():
    """Loopback addresses in both families, and their name."""
    for url in ("http://127.0.0.1:8080", "http://[::1]:80", "http://localhost/x"):
        assert address(url)[0] is False


def test_a_word_may_hold_an_equals_sign():
    """Ours never does."""
    assert words(("a=b=c", " x = y ")) == {"a=b": "c", "x": "y"}


def test_a_token_is_read_at_each_question(tmp_path):
    """From the environment or a file of ours alone; everything else is silence, and says which."""
    by_env, by_file = TicketSettings(**JIRA), TicketSettings(**{**JIRA, "token_env": "", "token_file": "token"})
    assert read_token(by_env, tmp_path, {"T": "abc\n"}) == "abc"
    with pytest.raises(Unavailable, match="not where"):
        read_token(by_env, tmp_path, {})
    with pytest.raises(Unavailable, match="cannot be read"):
        read_token(by_file, tmp_path, {})
    file = tmp_path / "token"
    file.write_text("abc\n")
    file.chmod(0o644)
    with pytest.raises(Unavailable, match="ours alone"):
        read_token(by_file, tmp_path, {})
    file.chmod(0o600)
    assert read_token(by_file, tmp_path, {}) == "abc"
    for bad in ("", "a b", "a\nb", "ä"):
        file.write_text(bad)
        with pytest.raises(Unavailable, match="not where"):
            read_token(by_file, tmp_path, {})


def test_each_system_is_told_who_we_are_in_its_own_way():
    """Headers, by kind."""
    told = {
        kind: proof(TicketSettings(**{**JIRA, "kind": kind, "account": "a@b"}), "t")
        for kind in ("jira", "gitlab", "github", "zendesk")
    }
    assert told["jira"] == {"Authorization": "Basic YUBiOnQ="}
    assert told["zendesk"] == {"Authorization": "Basic YUBiL3Rva2VuOnQ="}
    assert told["gitlab"] == {"PRIVATE-TOKEN": "t"}
    assert told["github"]["Authorization"] == "Bearer t"
    assert proof(TicketSettings(**JIRA), "t") == {"Authorization": "Bearer t"}
