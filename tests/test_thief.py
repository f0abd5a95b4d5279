# SPDX-License-Identifier: Apache-2.0
"""One person's address is searched for as a thief of each single file, of each single secret, and at each endpoint would: docs/trust.md says
what they get, and it is that.

A house is used first: looks, a decided and a refused one, connections and imports taken in, a watch, an inquiry, a statement, counts,
pseudonyms, approvals, exports; and people wrote the address where it does not belong.
"""

import csv
import json
import re
import shutil
import ssl
from base64 import b64decode
from fnmatch import fnmatch
from typing import get_args

import pytest
from tests.api.ca import SERVER, Authority
from tests.api.test_serve import serving
from tests.cli.conftest import located, pairs
from tests.cli.desk import DAY, FINDING, NOW, SNOOPED, access_line, pgaudit_line, settle, week
from tests.docs.prose import ROOT
from tests.thief import Loot, Thief, blobs_of, stolen

from whosaw.model.pseudonym_body import Source, Variant
from whosaw.model.record import Stream
from whosaw.privacy.ipcrypt.address import packed
from whosaw.privacy.ipcrypt.epochs import epoch_of
from whosaw.privacy.ipcrypt.keys import cipher
from whosaw.privacy.root import Root
from whosaw.wiring import house, policy_texts

PERSON = "mirabel"
FOUR, OTHER, SIX = "198.51.100.213", "198.51.77.99", "2001:db8:5e:7::d5"
ADDRESSES = (FOUR, OTHER, SIX)
WHY = ("--purpose", "fraud_review", "--case", "F-9", "--as", "finn")
MISPLACED = f"she came from {FOUR}"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]


class Used:
    """A house that was used, what it printed, and what it wrote elsewhere."""

    def __init__(self, home):
        self.desk, self.said, self.out = settle(home), {}, home / "out"
        self.out.mkdir()
        self.files = []
        self.use()

    def typed(self, *words, codes=(0,)):
        said = self.desk.typed(*words)
        assert said.code in codes, (words, said)
        name = " ".join(map(str, words[:2]))
        self.said[f"{name} #{len(self.said)}"] = said
        return said

    def read_in(self, name, raw):
        self.files.append(raw if isinstance(raw, bytes) else raw.encode())
        return self.desk.file(name, raw)

    def tables(self):
        """finn is of fraud, and F-9 is his: it names mirabel."""
        staff, cases, named = (self.desk.tables / f"{name}.csv" for name in ("staff", "cases", "case_persons"))
        staff.write_text(staff.read_text().replace("finn,help-ie,support", "finn,help-ie,fraud"))
        for path, row in (
            (cases, {"case_id": "F-9", "type": "fraud_report", "opened": f"{NOW - DAY:%Y-%m-%dT%H:%M:%SZ}", "assignee": "finn",
                     "requester": PERSON, "opened_by": "portal"}),
            (named, {"case_id": "F-9", "person": PERSON, "added": f"{NOW - DAY:%Y-%m-%dT%H:%M:%SZ}", "added_by": "portal"}),
        ):  # fmt: skip
            columns = next(csv.reader(path.read_text().splitlines()))
            with path.open("a") as file:
                file.write(",".join(row.get(each, "") for each in columns) + "\n")
        self.typed("directory", "load", self.desk.tables)

    def use(self):
        desk, typed_ = self.desk, self.typed
        located(desk.data)
        self.tables()
        at = NOW - 7 * DAY
        came = [
            access_line(n, upstream_http_x_account=PERSON, remote_addr=a, uri="/feed", at=at)
            for n, a in enumerate(ADDRESSES)
        ]
        for number, line in enumerate(came):
            typed_("collect", "connections", self.read_in(f"came-{number}.log", line))
        rows = f"person,field,value,seen\n{PERSON},ip,{FOUR},{at:%Y-%m-%dT%H:%M:%SZ}\n"
        typed_("vault", "import", self.read_in("one.csv", rows), "--by", "ana")
        typed_(
            "look",
            "--principal",
            "finn",
            "--person",
            PERSON,
            "--field",
            "ip:exact",
            *WHY[:4],
            "--receipt",
            self.out / "receipt",
        )
        typed_(
            "look",
            "--principal",
            "ana",
            "--person",
            PERSON,
            "--field",
            "ip:country",
            "--purpose",
            "subject_request",
            "--case",
            "T-100",
        )
        # People write things where they do not belong.
        for misplaced in (("--case", FOUR), ("--case", "T-100", "--key", FOUR)):
            typed_(
                "look",
                "--principal",
                "ana",
                "--person",
                "katharina",
                "--field",
                "ip:network",
                "--purpose",
                "subject_request",
                *misplaced,
                codes=(4,),
            )
        typed_("inquiry", "finding", FOUR, "--as", "ines", codes=(4,))
        typed_(
            "approval",
            "ask",
            "--person",
            PERSON,
            "--field",
            "ip:exact",
            *WHY[:4],
            "--as",
            "finn",
            "--reason",
            MISPLACED,
            "--independent",
            "1",
        )
        searched = access_line(7001, uri=f"/admin/search?q={FOUR}", at=NOW - DAY) + access_line(
            7002, uri=f"/admin/people/{PERSON}?from={FOUR}", at=NOW - DAY
        )
        typed_("collect", "access", self.read_in("searched.log", searched), codes=(0, 1))
        sql = pgaudit_line(1).replace("where id = 42", f"where ip = '{FOUR}'")
        typed_("collect", "pgaudit", self.read_in("sql.log", sql), codes=(0, 1))
        typed_("collect", "access", desk.file("week.log", week()), codes=(0, 1))
        typed_("watch", codes=(1,))
        names = typed_(
            "inquiry", "unseal", FINDING, "--by", "ines", "--with", "omar", "--persons", "--format", "json"
        ).json["rows"]
        looks = typed_("inquiry", "finding", FINDING, "--looks", "--as", "ines", "--format", "json").json["rows"]
        compared = (
            pairs(looks, {row["pseudonym"]: row["id"] for row in names})
            .replace("192.0.2.10", FOUR)
            .replace("192.0.2.200", SIX)
        )
        typed_("inquiry", "inferred", FINDING, "--pairs", self.read_in("pairs.csv", compared), "--as", "ines")
        typed_("inquiry", "person", PERSON, "--as", "ines")
        typed_("statement", PERSON, "--as", "ines", "--out", self.out / "statement")
        typed_("statement", SNOOPED[0], "--as", "ines", "--out", self.out / "statement-2")
        typed_("count", "ip:network", "--under", "198.51.100.0/24", "--under", "2001:db8:5e::/48", *WHY)
        self.read_in("list", "".join(f"{each}\n" for each in ADDRESSES))
        for kind in Variant:
            typed_("pseudonym", "table", self.read_in("table.csv", f"ip,n\n{FOUR},1\n{OTHER},2\n{SIX},3\n"), "--column", "ip",
                   "--out", self.out / f"table-{kind}.csv", "--kind", str(kind), *WHY)  # fmt: skip
        typed_("pseudonym", "vault", "--out", self.out / "sightings.csv", *WHY)
        pseudonym = (self.out / "table-pfx.csv").read_text().splitlines()[1].split(",")[0]
        typed_("pseudonym", "address", pseudonym, "--person", PERSON, *WHY)
        typed_("directory", "scim-token", "--out", self.out / "scim.token")
        typed_("journal", "export", "log", self.out / "log")
        typed_("journal", "export", "records", self.out / "records", "--all", "--as", "ines")
        typed_("journal", "metrics", "--out", self.out / "metrics")
        for words in (("journal", "status"), ("journal", "fsck", "--with-keys"), ("health",), ("quota", "show", "finn"), ("places", "status"),
                      ("approval", "list", "--as", "finn")):  # fmt: skip
            typed_(*words, codes=(0, 1))


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    return Used(tmp_path_factory.mktemp("thief"))


@pytest.fixture(scope="module")
def thief(used):
    return Thief(ADDRESSES, (PERSON,), tuple(used.files))


@pytest.fixture(scope="module")
def secrets(used):
    """Each secret of the house, alone: its name, and its bytes."""
    private = used.desk.data / "private"
    found = {}
    for path in sorted((private / "keys").iterdir()):
        raw = path.read_bytes()
        found[f"keys/{path.name}"] = raw if raw.startswith(b"-----") else b64decode(raw)
    for path in used.out.iterdir():
        if path.name in ("receipt", "scim.token"):
            found[path.name] = path.read_bytes().strip()
    found["statement key"] = b64decode(json.loads((used.out / "statement").read_bytes())["generations"][0]["key"])
    return found


def table():
    """The patterns of docs/trust.md for what commands wrote."""
    text = (ROOT / "docs/trust.md").read_text()
    part = re.search(r"^## Searched for, as a thief would$(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)[1]
    return [
        each
        for line in part.splitlines()
        if line.startswith("| `")
        for each in re.findall(r"`([^`]+)`", line.split("|")[1])
    ]


def test_every_file_of_a_house_is_searched_and_what_was_handed_out(used, thief):
    """Alone, no file has the address, in any spelling, packed or not. What commands wrote stands on the page, row by row."""
    patterns = table()
    files = [Loot(f"data/{loot.name}", loot.raw) for loot in stolen(used.desk.data)]
    files += [Loot(f"out/{loot.name}", loot.raw) for loot in stolen(used.out)]
    assert len(files) > 30
    met = set()
    for loot in files:
        assert thief.finds(loot) == [], loot.name
        assert sum(loot.raw.count(raw) > 0 for raw in thief.bare()) < 2, loot.name
        if loot.name.startswith("out/"):
            met |= (own := {each for each in patterns if fnmatch(loot.name, each)})
            assert own, f"{loot.name} stands in no row of docs/trust.md"
    assert met == set(patterns)


def test_no_command_says_it_but_to_whom_it_is_shown(used, thief):
    """Output and errors of everything that was typed. A look at it shows it, or nothing of this test would be worth anything."""
    shown = {name for name, said in used.said.items() if thief.finds(Loot(name, f"{said.out}\n{said.err}".encode()))}
    assert any(name.startswith("look") for name in shown)
    assert {re.sub(r" #\d+$", "", name) for name in shown} <= {
        "look --principal",
        "pseudonym address",
        "approval ask",
        "approval list",
    }, shown


def test_no_digest_of_it_can_be_tried(used, thief, secrets):
    """Plain digests of the address, its network, the person or a small file: none stands anywhere. Under a stolen secret: what the page says."""
    digests = thief.digests(secrets)
    found = {}
    for loot in stolen(used.desk.data):
        for what, secret in thief.guesses(loot, digests):
            found.setdefault((what, secret), set()).add(loot.name.split("/")[1] if "/" in loot.name else loot.name)
    plain = {key: names for key, names in found.items() if not key[1]}
    assert plain == {}
    # With the root: whether an account is the one behind a pseudonym, and how many share a network. Never an address.
    assert {key[0] for key in found} <= {"person", "network", "file"}, found
    assert {key[1] for key in found} == {"keys/root"}, found
    assert found["network", "keys/root"] == {"state.db"}
    assert "keys.db" in found["person", "keys/root"]


def test_no_secret_alone_opens_it(used, thief, secrets):
    """Every sealed value under every secret and every key that is made of one. With root, key table and values: it opens, so this can find it."""
    private = used.desk.data / "private"
    blobs = list(blobs_of(private / "state.db", private / "keys.db"))
    assert len(blobs) > 50
    assert thief.opens(blobs, secrets) == set()
    wrapped = {f"row {n}": blob[12:44] for n, blob in zip(range(10), blobs_of(private / "keys.db"), strict=False)}
    assert thief.opens(blobs, wrapped) == set()
    with house(used.desk.data) as here:
        key = here.keyring.find(Stream.of_person(PERSON))
        ((data_key, _),) = here.keyring.held([key.handle]).values()
    assert thief.opens(blobs, {"hers": data_key._k}) == {"hers"}


def test_its_pseudonyms_stand_in_the_tables_that_were_made_and_nowhere_else(used, secrets):
    """Whoever stole the root can make every pseudonym; none was kept in the house."""
    key, now = Root(secrets["keys/root"]).pseudonyms, epoch_of(NOW, "month")
    purposes = re.findall(r"^\[(\w+)\]$", policy_texts()["purposes.toml"], re.MULTILINE)
    made = {
        each
        for purpose in purposes
        for variant in (Variant.PFX, Variant.DETERMINISTIC)
        for source in get_args(Source)
        for address in ADDRESSES
        for each in (cipher(key, purpose, now, variant, source).encrypt(address),)
    }
    images = {form for each in made for form in (each.encode(), packed(each), packed(each).hex().encode())}
    assert len(images) > 30
    for loot in stolen(used.desk.data):
        assert not [each for layer in loot.layers() for each in images if each in layer], loot.name
    assert any(each in (used.out / "table-pfx.csv").read_bytes() for each in images)


STRANGERS = ("nobody", "stranger", "weak")


@pytest.fixture(scope="module")
def gate(used, tmp_path_factory):
    """The same house, served; and three who may not: without a certificate, with one that nobody registered, with one for another purpose."""
    where = tmp_path_factory.mktemp("served")
    data = where / "data"
    shutil.copytree(used.desk.data, data)
    ca = Authority()
    ours, weak, stranger = ca.issue("ip:127.0.0.1", use=SERVER), ca.issue(), ca.issue()
    cert, key = ours.write(where / "tls", "gate")
    (where / "tls/ca.pem").write_text(ca.pem)
    with (data / "whosaw.toml").open("a") as file:
        file.write(
            f'\n[[caller]]\nname = "portal"\nhow = "mtls"\npins = ["{weak.pin}"]\npurposes = ["fraud_review"]\n'
            'paths = ["/access/v1", "/v1", "/metrics"]\n'
        )
    contexts = {}
    for name, issued in (("weak", weak), ("stranger", stranger), ("nobody", None)):
        contexts[name] = ssl.create_default_context(cafile=str(where / "tls/ca.pem"))
        if issued is not None:
            contexts[name].load_cert_chain(*map(str, issued.write(where / "tls", name)))
    args = ("--data", data, "--tls-cert", cert, "--tls-key", key, "--client-ca", where / "tls/ca.pem")
    with serving(*map(str, args), context=contexts["weak"]) as made:
        made.data, made.contexts = data, contexts
        yield made


def asked():
    """A question for each path with a body that would give the address to whoever may have it."""
    why = {"purpose": "fraud_review", "case": "F-9"}
    one = {
        "subject": {"type": "principal", "id": "portal"}, "action": {"name": "read", "properties": {"field": "ip", "detail": "exact"}},
        "resource": {"type": "person", "id": PERSON}, "context": why,
    }  # fmt: skip
    return {
        "/v1/look": {"person": PERSON, "fields": ["ip:exact"], **why},
        "/v1/behind": {"person": PERSON, "pseudonym": "192.0.2.1", **why},
        "/v1/pseudonyms": {"addresses": ["192.0.2.1"], **why},
        "/v1/counts": {"field": "ip:network", "headings": ["198.51.100.0/24"], **why},
    }, one


def test_no_endpoint_says_it_to_whoever_may_not_have_it(gate, thief):
    """Each path of the description and each beside it: without a certificate, with a stranger's, and with that of a tool for which nobody looks."""
    described = json.loads((ROOT / "docs/spec/openapi.json").read_text())["paths"]
    bodies, question = asked()
    paths = [(("POST" if "post" in said else "GET"), path) for path, said in described.items()]
    paths += [
        ("GET", each)
        for each in (
            "/metrics",
            "/v1/openapi.json",
            "/scim/v2/Users",
            "/scim/v2/ServiceProviderConfig",
            "/",
            "/tickets/x",
        )
    ]
    permitted = 0
    for name in STRANGERS:
        for method, path in paths:
            body = bodies.get(path, question) if method == "POST" else None
            got = gate.call(
                method, path, body, {"Idempotency-Key": f"{name}-{path[-8:].strip('/')}"}, context=gate.contexts[name]
            )
            loot = Loot(f"{name} {path}", json.dumps(got.headers).encode() + b"\n" + got.raw)
            assert thief.finds(loot) == [], loot.name
            permitted += b'"permitted":true' in got.raw or b'"decision":true' in got.raw
            if name != "weak" and method == "POST":
                assert got.status == 401, loot.name
    assert permitted == 0
    for line in gate.lines:
        assert thief.finds(Loot("log of the server", line.encode())) == []
    # A copy of the folder that was taken while it served: with what a database has not put into its place yet.
    for loot in stolen(gate.data):
        assert thief.finds(loot) == [], loot.name
