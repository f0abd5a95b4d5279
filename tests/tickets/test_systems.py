# SPDX-License-Identifier: Apache-2.0
"""One contract for every system that is asked: the same story told in four shapes is the same case."""

import time
from datetime import UTC, datetime

import pytest
from tests.ports import nobody
from tests.tickets.systems import DAY, FATES, HOUR, KINDS, NUMBERS, OPENED, Desk, GitLab, Jira, Served, Zendesk

from whosaw.errors import Unavailable
from whosaw.model.access import Asked
from whosaw.tickets.github import GitHub as AskGitHub
from whosaw.tickets.gitlab import GitLab as AskGitLab
from whosaw.tickets.http import LIMIT, Line
from whosaw.tickets.jira import Jira as AskJira
from whosaw.tickets.story import What, Words
from whosaw.tickets.zendesk import Zendesk as AskZendesk

WORDS = Words({"support": "support_request", "fraud": "fraud_report"}, {"help": "q-help"})
PREFIXES = {What.PERSON: "person:", What.FIELD: "field:", What.TYPE: "type:", What.QUEUE: "queue:"}
PLACES = {What.PERSON: Jira.PERSONS, What.FIELD: Jira.FIELDS, What.QUEUE: Jira.QUEUE, What.TYPE: "issuetype"}
NUMBERED = {What.PERSON: "501", What.FIELD: "502", What.TYPE: "503"}
ASK = {
    "jira": lambda line: AskJira(line, PLACES, WORDS),
    "github": lambda line: AskGitHub(line, PREFIXES, WORDS),
    "gitlab": lambda line: AskGitLab(line, PREFIXES, WORDS),
    "zendesk": lambda line: AskZendesk(line, NUMBERED, WORDS),
}


class Asking:
    """A desk, told in one shape, and whoever asks there."""

    def __init__(self, kind, page=100):
        self.kind, self.desk = kind, Desk()
        self.served = Served(KINDS[kind](self.desk, page))

    def __enter__(self):
        self.served.__enter__()
        self.system = ASK[self.kind](Line(self.served.url, lambda: {"Authorization": "Bearer t"}, time.monotonic))
        return self

    def __exit__(self, *_):
        self.served.__exit__()

    def seen(self, number=1, seconds=30.0):
        id_ = f"SUP-{number}" if self.kind == "jira" else str(number)
        return self.system.case(id_, time.monotonic() + seconds)


@pytest.fixture(params=KINDS)
def asking(request):
    with Asking(request.param) as made:
        yield made


@pytest.fixture(params=KINDS)
def paged(request):
    with Asking(request.param, page=2) as made:
        yield made


def names(account):
    """The invented name behind an account, whatever the system calls it."""
    if account is None:
        return None
    own = {f"acc-{name}": name for name in NUMBERS} | {str(n): name for name, n in NUMBERS.items()}
    return own[account[0]]


def test_a_case_that_a_customer_opened_is_told_whole(asking):
    """Opened when, by whom, for whom, of which type, in whose hands, about whom."""
    asking.desk.open(persons=["mira"], queue=["help"])
    asking.desk.add(1, "assignee", "ana", by="bo", at=OPENED + HOUR)
    case = asking.seen()
    assert (case.type, case.opened, case.closed) == ("support_request", OPENED, None)
    assert [names(a) for a in case.openers] == ["portal"]
    assert [names(a) for a in case.requesters] == (["portal"] if asking.kind in ("github", "gitlab") else ["mira-c"])
    assert [(names(g.to), names(g.by)) for g in case.assigned] == [("ana", "bo")]
    assert [(q.queue, names(q.by)) for q in case.queued] == [("q-help", "portal")]
    (named,) = case.persons
    assert (named.person, named.since, named.fields) == ("mira", OPENED, None)
    assert [names(a) for a in named.hands] == ["portal"]


def test_who_is_named_later_is_named_then_and_by_that_hand(asking):
    """Since when and by whom come from the system's own history."""
    asking.desk.open(persons=["mira"])
    asking.desk.add(1, "person", "owen", by="ana", at=OPENED + DAY)
    assert [(n.person, n.since, [names(h) for h in n.hands]) for n in asking.seen().persons] == [
        ("mira", OPENED, ["portal"]),
        ("owen", OPENED + DAY, ["ana"]),
    ]


def test_added_removed_and_added_again_counts_from_the_last_time(paged):
    """The history is read to its end, whatever a page holds."""
    paged.desk.open(persons=["mira", "owen"])
    paged.desk.remove(1, "person", "mira", by="bo", at=OPENED + HOUR)
    paged.desk.add(1, "person", "mira", by="bo", at=OPENED + 2 * HOUR)
    paged.desk.remove(1, "person", "mira", by="finn", at=OPENED + 3 * HOUR)
    for number in range(5):
        paged.desk.add(1, "person", f"p{number}", by="bo", at=OPENED + 4 * HOUR)
    paged.desk.add(1, "person", "mira", by="ana", at=OPENED + 5 * HOUR)
    found = {n.person: (n.since, [names(h) for h in n.hands]) for n in paged.seen().persons}
    assert found["mira"] == (OPENED + 5 * HOUR, ["ana"])
    assert found["owen"] == (OPENED, ["portal"])
    assert found["p3"] == (OPENED + 4 * HOUR, ["bo"])


def test_who_was_removed_is_not_named(asking):
    """What stands now counts, and nothing that once stood."""
    asking.desk.open(persons=["mira", "owen"])
    asking.desk.remove(1, "person", "mira", by="bo", at=OPENED + HOUR)
    assert [n.person for n in asking.seen().persons] == ["owen"]


def test_a_case_opened_again_counts_as_opened_then_by_whoever_did(asking):
    """A dormant case is no stock of reasons; the first opener stays among the openers."""
    asking.desk.open(persons=["mira"])
    asking.desk.close(1, by="bo", at=OPENED + HOUR)
    assert asking.seen().closed == OPENED + HOUR
    asking.desk.reopen(1, by="ana", at=OPENED + DAY)
    case = asking.seen()
    assert (case.opened, case.closed) == (OPENED + DAY, None)
    assert [names(a) for a in case.openers] == ["portal", "ana"]


def test_a_case_turned_into_another_type_counts_as_opened_then(asking):
    """Whoever chooses the type chooses what may be looked at, so theirs is an opener's hand."""
    asking.desk.open(persons=["mira"])
    asking.desk.set(1, "type", ["fraud"], by="finn", at=OPENED + HOUR)
    case = asking.seen()
    assert (case.type, case.opened) == ("fraud_report", OPENED + HOUR)
    assert [names(a) for a in case.openers] == ["portal", "finn"]


def test_who_takes_a_case_and_who_is_given_one_can_be_told_apart(asking):
    """The hand that assigned is told with the one that it was given to."""
    asking.desk.open()
    asking.desk.set(1, "assignee", ["bo"], by="carl", at=OPENED + HOUR)
    asking.desk.set(1, "assignee", ["ana"], by="ana", at=OPENED + 2 * HOUR)
    assert [(names(g.to), names(g.by)) for g in asking.seen().assigned] == [("ana", "ana")]


def test_the_fields_that_a_case_lists_and_whose_list_that_is(asking):
    """A list that was edited makes the naming as new as the list, and its editor one of the hands."""
    asking.desk.open(persons=["mira"], fields=["ip:network"])
    (named,) = asking.seen().persons
    assert named.fields == {Asked.parse("ip:network")}
    asking.desk.set(1, "field", ["ip:exact", "no-such:thing"], by="finn", at=OPENED + HOUR)
    (named,) = asking.seen().persons
    assert (named.fields, named.since) == ({Asked.parse("ip:exact")}, OPENED + HOUR)
    assert [names(h) for h in named.hands] == ["portal", "finn"]
    asking.desk.set(1, "field", [], by="finn", at=OPENED + 2 * HOUR)
    (named,) = asking.seen().persons
    assert (named.fields, named.since) == (None, OPENED + 2 * HOUR)


def test_what_is_free_text_names_nobody(asking):
    """Titles, descriptions and comments are full of people, and of no consequence."""
    asking.desk.open()
    assert asking.seen().persons == ()


def test_a_type_without_a_word_is_none(asking):
    """And two types are none either."""
    asking.desk.open(kind="lunch")
    assert asking.seen().type == "other"
    if asking.kind in ("github", "gitlab"):
        asking.desk.add(1, "type", "support", by="bo", at=OPENED + HOUR)
        assert asking.seen().type == "other"


def test_a_case_that_is_not_there(asking):
    """Is None: the system answered, and that is its answer."""
    assert asking.seen(77) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fate", FATES)
def test_every_failure_is_silence_and_ends_in_time(kind, fate):
    """Whatever it does instead of answering: Unavailable, by the deadline, and without a word of its own."""
    with Asking(kind) as asking:
        asking.desk.open()
        asking.served.fate = fate
        began = time.monotonic()
        with pytest.raises(Unavailable) as raised:
            asking.seen(seconds=0.3)
        assert time.monotonic() - began < 10
        assert "elsewhere" not in str(raised.value) and "log in" not in str(raised.value)
        asking.served.fate = "ok"
        assert asking.seen() is not None


def test_a_history_that_fails_on_its_second_page_is_silence(paged):
    """Half a history is none."""
    paged.desk.open()
    for number in range(9):
        paged.desk.add(1, "person", f"p{number}", by="bo", at=OPENED + HOUR)
    answer, calls = paged.served.system.answer, []

    def failing(path, query, headers):
        calls.append(path)
        if query.get("page") == "2" or query.get("startAt") == "2" or "page[after]" in query:
            return {"errors": []}
        return answer(path, query, headers)

    paged.served.system.answer = failing
    with pytest.raises(Unavailable):
        paged.seen()


def test_no_certificate_that_we_trust_is_silence(tmp_path):
    """And the same certificate, trusted by the settings, is not."""
    pem = certificate(tmp_path)
    desk = Desk()
    desk.open()
    with Served(Jira(desk), tls=pem) as served:
        with pytest.raises(Unavailable, match="certificate"):
            ASK["jira"](Line(served.url, dict, time.monotonic)).case("SUP-1", time.monotonic() + 30)
        line = Line(served.url, dict, time.monotonic, ca_file=str(pem))
        assert ASK["jira"](line).case("SUP-1", time.monotonic() + 30) is not None


def test_nobody_there_is_silence():
    """A closed port."""
    with nobody() as port, pytest.raises(Unavailable, match="cannot be reached"):
        ASK["jira"](Line(f"http://127.0.0.1:{port}", dict, time.monotonic)).case("SUP-1", time.monotonic() + 20)


def test_a_case_that_was_moved_is_not_the_case():
    """Jira answers to the old key with the new issue."""
    with Asking("jira") as asking:
        asking.desk.open()
        answer = asking.served.system.answer
        asking.served.system.answer = lambda *given: (
            {**found, "key": "OPS-9"} if (found := answer(*given)) and "key" in found else found
        )
        assert asking.seen() is None


def test_a_label_that_no_event_mentions_was_put_there_by_nobody_knows_whom():
    """The history cannot say it, so nothing does."""
    with Asking("gitlab") as asking:
        asking.desk.open(persons=["mira"])
        asking.desk.tickets[1].now["person"] = ("mira", "owen")
        unknown = {n.person: (n.since, n.hands) for n in asking.seen().persons}
        assert unknown["owen"] == (None, (None,)) and unknown["mira"][0] == OPENED


@pytest.mark.parametrize("kind", ["jira", "zendesk"])
def test_a_history_that_does_not_lead_here_says_nothing(kind):
    """Somebody wrote while we read, or the history is not whole."""
    with Asking(kind) as asking:
        asking.desk.open(persons=["mira"])
        asking.desk.add(1, "person", "owen", by="bo", at=OPENED + HOUR)
        asking.desk.tickets[1].now["person"] = ("mira",)
        (named,) = asking.seen().persons
        assert (named.since, named.hands) == (None, (None,))


def test_an_account_that_is_gone_is_unknown():
    """GitHub's ghost, who closed, opened, named and assigned."""
    with Asking("github") as asking:
        asking.desk.open(by="ghost", requester="ghost", persons=["mira"])
        case = asking.seen()
        assert case.openers == (None,) and case.persons[0].hands == (None,)


def test_a_note_that_somebody_wrote_assigns_nobody():
    """GitLab's own notes only; and one of a form that we do not know makes the assignment unknown."""
    with Asking("gitlab") as asking:
        asking.desk.open(assignee=["ana", "bo"])
        assert {names(g.to): names(g.by) for g in asking.seen().assigned} == {"ana": "portal", "bo": "portal"}
        asking.desk.set(1, "assignee", ["bo"], by="carl", at=OPENED + HOUR)
        assert [(names(g.to), names(g.by)) for g in asking.seen().assigned] == [("bo", "portal")]
        events = GitLab._events
        odd = {"body": "assigned to somebody else", "system": True, "author": {"id": 1, "username": "x"},
               "created_at": "2026-03-01T12:00:00Z"}  # fmt: skip
        asking.served.system._events = lambda ticket: [*events(asking.served.system, ticket), odd]
        assert [g.by for g in asking.seen().assigned] == [None]


def test_a_customer_of_zendesk_is_known_by_our_own_id():
    """`external_id` of an end user; an agent's is nothing that we would believe."""
    with Asking("zendesk") as asking:
        asking.desk.open()
        (requester,) = asking.seen().requesters
        assert requester == ("901", "mira-c@example.org", "customer\0mira")


def test_titles_and_comments_are_not_asked_for():
    """Of Jira only the fields that count; of nobody the comments."""
    with Asking("jira") as asking:
        asking.desk.open()
        asking.seen()
        assert not [path for path in asking.served.asked if "comment" in path]
    assert LIMIT > Zendesk(Desk()).page


def certificate(folder):
    """A key and a certificate of its own, for this machine and an hour."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - HOUR).not_valid_after(now + HOUR)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return pem
