# SPDX-License-Identifier: Apache-2.0
"""CloudTrail: no event is lost, and what shows a person's data is a look at that person."""

import gzip
import hashlib
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.desk import Room

from whosaw.collect import cloudtrail, json_list
from whosaw.collect.cloudtrail import CloudTrail
from whosaw.collect.intake import take
from whosaw.collect.json_list import CUT_OFF, TRAILING, UNCLOSED
from whosaw.collect.lines import LINE_LIMIT, TOO_LONG
from whosaw.collect.observed import Malformed, Skipped, Taken, Where
from whosaw.collect.stores import Stores
from whosaw.errors import Misconfigured
from whosaw.model.record import Stream

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs/connectors/cloudtrail.toml").read_bytes()
CORPUS = ROOT.parent / "shared/corpora/cloudtrail"
ROLE = "arn:aws:iam::111122223333:role/support"
HERE = Where(1, 0)
UUID = "c0ffee00-0000-4000-8000-000000000001"


def event(**changes):
    """A read of one object by a role; every value is invented."""
    made = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:kofi",
            "arn": "arn:aws:sts::111122223333:assumed-role/support/kofi",
            "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE, "userName": "support"}},
        },
        "eventTime": "2026-11-24T19:53:48Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "sourceIPAddress": "192.0.2.7",
        "requestParameters": {"bucketName": "example-people", "key": "people/mira/sign-ins.json"},
        "eventID": "c7f3b1a2-0000-4000-8000-000000000001",
        "readOnly": True,
        "eventCategory": "Data",
        "managementEvent": False,
        "recipientAccountId": "111122223333",
        "resources": [
            {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::example-people/people/mira/sign-ins.json"},
            {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example-people"},
        ],
    }
    return {k: v for k, v in (made | changes).items() if v is not ...}


def dynamo(name, given, **changes):
    return event(
        eventSource="dynamodb.amazonaws.com", eventName=name, requestParameters=given, resources=..., **changes
    )


def s3(bucket="example-people", key="people/mira/sign-ins.json", **changes):
    return event(requestParameters={"bucketName": bucket, "key": key}, resources=..., **changes)


def read(given):
    return CloudTrail(Stores.parse(MAP)).read(given if isinstance(given, bytes) else json.dumps(given).encode(), HERE)


def look(given):
    outcome = read(given)
    assert isinstance(outcome, Taken), outcome
    (one,) = outcome.looks
    return one


def told(one):
    fields = " ".join(f"{f}:{d}" for f, d in one.asked)
    return f"{one.mode} {','.join(one.persons) or '-'} {fields}"


def pieces(raw, size=None):
    chunks = [raw] if size is None else [raw[at : at + size] for at in range(0, len(raw), size)]
    return list(json_list.pieces(iter(chunks)))


# ── one event ──


def test_an_object_read_is_a_look_at_the_person_in_its_key():
    """Role, session as a claim, person, fields, time and id: all from structured places."""
    one = look(event())
    assert told(one) == "read mira ip:exact device:exact"
    assert (one.principal, one.on_behalf_of, one.claimed, one.hint) == (ROLE, "kofi", True, False)
    assert one.look_id == "cloudtrail:c7f3b1a2-0000-4000-8000-000000000001"
    assert (one.at.isoformat(), one.decision, one.flags) == ("2026-11-24T19:53:48+00:00", None, ())


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (s3(key="dumps/2026-11-24.parquet"), "export - contacts:exact profile:exact"),
        (s3(key="people/mira/new-kind.json"), "export - ip:exact device:exact contacts:exact profile:exact"),
        (s3(key="people//sign-ins.json"), "export - ip:exact device:exact contacts:exact profile:exact"),
        (s3(eventName="SelectObjectContent"), "search mira ip:exact device:exact"),
        (s3(eventName="GetObjectHologram"), "search mira ip:exact device:exact"),
        (event(requestParameters=None), "read mira ip:exact device:exact"),
        (event(requestParameters={"bucketName": {}, "key": []}), "read mira ip:exact device:exact"),
        (event(requestParameters={"bucketName": "desk-access-point", "key": "people/mira/sign-ins.json"}),
         "read mira ip:exact device:exact"),
        (dynamo("GetItem", {"tableName": "people", "key": {"person_id": UUID}}), f"read {UUID} contacts:exact profile:exact"),
        (dynamo("GetItem", {"tableName": "people", "key": {"person_id": {"S": UUID.upper()}}}),
         f"read {UUID} contacts:exact profile:exact"),
        (dynamo("GetItem", {"tableName": "arn:aws:dynamodb:eu-west-1:111122223333:table/people/index/x", "key": {"person_id": UUID}}),
         f"read {UUID} contacts:exact profile:exact"),
        (dynamo("GetItem", {"tableName": "messages", "key": {"owner": 4711, "at": "1"}}), "read 4711 messages:exact"),
        (dynamo("BatchGetItem", {"requestItems": {"messages": {"keys": [{"owner": "a"}, {"owner": "b"}, {"owner": "a"}]}}}),
         "read a,b messages:exact"),
        (dynamo("TransactGetItems", {"transactItems": [{"get": {"tableName": "messages", "key": {"owner": "a"}}}]}),
         "read a messages:exact"),
        (dynamo("Query", {"tableName": "messages", "indexName": "x"}), "search - messages:exact"),
        (dynamo("Scan", {"tableName": "messages"}), "search - messages:exact"),
        (dynamo("ExecuteStatement", {"statement": 'SELECT * FROM "messages" WHERE owner = ***(Redacted)'}),
         "search - messages:exact"),
        (dynamo("BatchExecuteStatement", {"requestItems": [{"statement": "SELECT a FROM messages"}]}), "search - messages:exact"),
        (dynamo("UpdateItem", {"tableName": "messages", "key": {"owner": "a"}, "returnValues": "ALL_OLD"}, readOnly=False),
         "read a messages:exact"),
        (event(eventSource="dynamodb.amazonaws.com", eventName="GetRecords", requestParameters={"shardIterator": "x"},
               resources=[{"ARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/messages/stream/2026"}]),
         "export - messages:exact"),
    ],
)  # fmt: skip
def test_what_is_looked_at(given, line):
    """Object, item, batch, copy, statement and stream: mode, persons and fields."""
    assert told(look(given)) == line


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        (s3(key="people/mira/new-kind.json"), cloudtrail.UNMAPPED),
        (event(requestParameters={"bucketName": "example-people"}, resources=...), cloudtrail.NO_KEY),
        (s3(eventName="GetObjectHologram"), cloudtrail.UNKNOWN_OPERATION),
        (dynamo("GetItem", {"tableName": "messages", "key": {"owner": "HIDDEN_DUE_TO_SECURITY_REASONS"}}), cloudtrail.NO_KEY),
        (dynamo("GetItem", {"tableName": "messages"}), cloudtrail.NO_KEY),
        (dynamo("GetItem", {"tableName": "people", "key": {"person_id": "new"}}), cloudtrail.OTHER_TYPE),
        (event(userIdentity={"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666"}), cloudtrail.NO_ARN),
    ],
)  # fmt: skip
def test_what_could_not_be_told_is_said(given, flag):
    """A look without its person, or with all fields of its bucket, carries the reason."""
    assert flag in look(given).flags


def test_a_new_kind_of_object_is_listed_by_its_bucket_alone():
    """The key may hold anybody's id."""
    assert look(s3(key="people/mira/new-kind.json")).unmapped == ("s3://example-people/…",)


def test_a_copy_is_a_look_at_its_source():
    """Into whatever bucket; a copy from elsewhere into a watched bucket shows nothing of it."""
    out = {
        "bucketName": "elsewhere",
        "key": "people/owen/sign-ins.json",
        "x-amz-copy-source": "/example-people/people/mira%2Fsign-ins.json",
    }
    one = look(event(eventName="CopyObject", readOnly=False, requestParameters=out, resources=...))
    assert told(one) == "export mira ip:exact device:exact"
    into = {"bucketName": "example-people", "key": "people/owen/sign-ins.json", "x-amz-copy-source": "elsewhere/x.json"}
    assert (
        read(event(eventName="CopyObject", readOnly=False, requestParameters=into, resources=...))
        == cloudtrail.NOT_WATCHED
    )
    behind = out | {
        "x-amz-copy-source": "arn:aws:s3:eu-west-1:111122223333:accesspoint/desk/object/people/mira/sign-ins.json"
    }
    arns = [{"ARN": "arn:aws:s3:::example-people"}, {"ARN": "arn:aws:s3:::elsewhere/people/owen/sign-ins.json"}]
    unsure = look(event(eventName="CopyObject", requestParameters=behind, resources=arns))
    assert (unsure.persons, unsure.flags) == ((), (cloudtrail.NO_KEY,))


def test_one_event_that_reads_two_tables_is_two_looks():
    """Each with its own persons, fields and id; the same in whatever order they stand."""
    items = {
        "people": {"keys": [{"person_id": UUID}]},
        "messages": {"keys": [{"owner": "a"}]},
        "weather": {"keys": [{}]},
    }
    outcome = read(dynamo("BatchGetItem", {"requestItems": items}))
    assert {(one.id.rpartition(",")[2], one.persons) for one in outcome.looks} == {
        ("people", (UUID,)),
        ("messages", ("a",)),
    }


def test_a_table_is_watched_in_its_own_account():
    """Table names are not unique: another account's table of the name is another table."""
    given = {"tableName": "messages", "key": {"owner": "a"}}
    assert read(dynamo("GetItem", given, recipientAccountId="444455556666")) == cloudtrail.NOT_WATCHED


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "VpceAccessDenied"])
def test_a_refused_attempt_is_a_look_that_aws_refused(code):
    """Who tried, and whom they tried to see."""
    one = look(event(errorCode=code, errorMessage="User: … is not authorized"))
    assert (one.decision, one.persons) == ("refuse", ("mira",))


ALL_OLD = {"returnValuesOnConditionCheckFailure": "ALL_OLD"}
ITEM = {"tableName": "messages", "key": {"owner": "a"}}
FAILED = {"errorCode": "ConditionalCheckFailedException", "readOnly": False}
CANCELED = {"errorCode": "TransactionCanceledException", "readOnly": False}
OTHER = {"tableName": "messages", "key": {"owner": "b"}}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (dynamo("PutItem", ITEM | ALL_OLD, **FAILED), "read a messages:exact"),
        (dynamo("UpdateItem", ITEM | ALL_OLD, **FAILED), "read a messages:exact"),
        (dynamo("DeleteItem", ITEM | ALL_OLD, **FAILED), "read a messages:exact"),
        (dynamo("TransactWriteItems", {"transactItems": [{"update": ITEM | ALL_OLD}, {"put": OTHER}]}, **CANCELED),
         "read a messages:exact"),
        (dynamo("TransactWriteItems", {"transactItems": [{"ConditionCheck": ITEM | ALL_OLD}, {"Delete": OTHER | ALL_OLD}]}, **CANCELED),
         "read a,b messages:exact"),
        (dynamo("ExecuteStatement", {"statement": "UPDATE messages SET x = 1 WHERE owner = ?"} | ALL_OLD, **FAILED),
         "search - messages:exact"),
        (dynamo("ExecuteTransaction", {"transactStatements": [{"statement": "DELETE FROM messages WHERE owner = ?"} | ALL_OLD]},
                **CANCELED), "search - messages:exact"),
        (dynamo("BatchExecuteStatement", {"statements": [{"statement": "DELETE FROM messages WHERE owner = ?"} | ALL_OLD]}),
         "search - messages:exact"),
    ],
)  # fmt: skip
def test_a_condition_that_fails_can_show_the_item(given, line):
    """Nothing is written, and the error holds what stands there: so it is a look."""
    assert told(look(given)) == line


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (dynamo("PutItem", ITEM | ALL_OLD, readOnly=False), cloudtrail.WRITES),
        (dynamo("PutItem", ITEM, **FAILED), cloudtrail.WRITES),
        (dynamo("PutItem", ITEM | ALL_OLD, errorCode="ValidationException", readOnly=False), cloudtrail.WRITES),
        (dynamo("TransactWriteItems", {"transactItems": [{"update": ITEM}]}, **CANCELED), cloudtrail.WRITES),
        (dynamo("GetItem", ITEM, errorCode="ValidationException"), cloudtrail.FAILED),
    ],
)  # fmt: skip
def test_a_condition_that_holds_shows_nothing(given, why):
    """What is written, or fails for another reason, gives nothing back."""
    assert read(given) == why


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (event(errorCode="NoSuchKey"), cloudtrail.FAILED),
        (event(eventName="HeadObject"), cloudtrail.LISTS),
        (event(eventName="ListObjectsV2"), cloudtrail.LISTS),
        (event(eventName="GetBucketAcl", eventCategory="Management"), cloudtrail.MANAGEMENT),
        (event(eventName="PutBucketPolicy", eventCategory="Management"), cloudtrail.MANAGEMENT),
        (event(eventName="PutObject", readOnly=False), cloudtrail.WRITES),
        (event(eventName="DeleteObject", readOnly=False), cloudtrail.WRITES),
        (dynamo("PutItem", {"tableName": "messages"}, readOnly=False), cloudtrail.WRITES),
        (dynamo("ExecuteStatement", {"statement": "INSERT INTO messages VALUE {}"}), cloudtrail.WRITES),
        (dynamo("DescribeTable", {"tableName": "messages"}, eventCategory="Management"), cloudtrail.MANAGEMENT),
        (event(eventSource="ec2.amazonaws.com"), cloudtrail.OTHER_SERVICE),
        (event(eventCategory="NetworkActivity"), cloudtrail.NETWORK),
        (s3(bucket="elsewhere"), cloudtrail.NOT_WATCHED),
        (s3(key="avatars/mira.png"), cloudtrail.NOT_WATCHED),
        ({"digestStartTime": "2026-11-24T19:00:00Z"}, cloudtrail.DIGEST),
    ],
)  # fmt: skip
def test_what_is_no_look_says_why(given, why):
    """Readable, counted, with a reason of ours."""
    assert read(given) == why


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (event(eventID=...), "no eventID"),
        (event(eventTime="2026-11-24 19:53:48"), "no time with an offset"),
        (event(eventTime=None), "no time with an offset"),
        (event(userIdentity={"type": "Unidentified"}), "no principal"),
        (event(userIdentity="root"), "no principal"),
        (event(eventName=None), "not an event"),
        (b'{"eventName": "GetObject", "eventName": "ListBuckets"}', "a key twice"),
        (b'{"eventName": NaN}', "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"\xff{}", "not UTF-8"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_malformed(given, why):
    """With a reason that quotes nothing, and the digest of its bytes."""
    outcome = read(given)
    assert isinstance(outcome, Malformed)
    assert outcome.reason.startswith(why)


IDENTITY = event()["userIdentity"]
SESSION = IDENTITY["sessionContext"]


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        ({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bo", "userName": "bo"},
         ("arn:aws:iam::111122223333:user/bo", None, False)),
        ({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana"}, ("s-ana", None, False)),
        ({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, ("arn:aws:iam::111122223333:root", None, False)),
        (IDENTITY, (ROLE, "kofi", True)),
        (IDENTITY | {"sessionContext": SESSION | {"sourceIdentity": "ana@example.com"}}, (ROLE, "s-ana", False)),
        (IDENTITY | {"sessionContext": {}}, ("arn:aws:sts::111122223333:assumed-role/support", "kofi", True)),
        (IDENTITY | {"arn": "arn:aws:sts::111122223333:assumed-role/support/botocore-session-1732470000"}, (ROLE, None, False)),
        (IDENTITY | {"arn": "arn:aws:sts::111122223333:assumed-role/support/i-0123456789abcdef0"}, (ROLE, None, False)),
        (IDENTITY | {"onBehalfOf": {"userId": "u-1"}}, (ROLE, "u-1", False)),
        ({"type": "AWSService", "invokedBy": "athena.amazonaws.com"}, ("athena.amazonaws.com", None, False)),
        ({"type": "AWSAccount", "principalId": "AROAEXAMPLE:kofi", "accountId": "444455556666"}, ("AROAEXAMPLE", None, False)),
        ({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}, ("ANONYMOUS_PRINCIPAL", None, False)),
    ],
)  # fmt: skip
def test_who_looked(identity, who):
    """The role is the account; who is behind it is known by `sourceIdentity`, and only claimed by the session's name."""
    one = look(event(userIdentity=identity))
    assert (one.principal, one.on_behalf_of, one.claimed) == who


def test_another_session_name_is_no_other_principal():
    """Or one person would be a hundred principals who each looked once."""
    names = [
        look(event(userIdentity=IDENTITY | {"arn": f"{IDENTITY['arn'][:-4]}{n}"})).principal for n in ("a", "b", "kofi")
    ]
    assert set(names) == {ROLE}


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("1alice", "1alice"), (".alice", ".alice"), ("-a", "-a"), ("i-0123456789abcdef0-alice", "i-0123456789abcdef0-alice"),
        ("GitHubActions-alice", "GitHubActions-alice"), ("1732470000", None), ("2026-11-24", None), ("GitHubActions", None),
        ("i-0123456789abcdef0", None), ("aws-sdk-js-1732470000", None), ("botocore-session-1732470000", None),
    ],
)  # fmt: skip
def test_a_session_name_is_made_up_as_a_whole_or_not_at_all(name, claimed):
    """Who begins theirs like a machine's does not take the only hint at who acted away."""
    one = look(event(userIdentity=IDENTITY | {"arn": f"{IDENTITY['arn'][:-4]}{name}"}))
    assert (one.principal, one.on_behalf_of, one.claimed) == (ROLE, claimed, claimed is not None)


def test_session_names_can_be_left_alone():
    """Where they are machines' names, the map says so."""
    reader = CloudTrail(Stores.parse(MAP.replace(b"format = 1", b"format = 1\nignore_session_names = true")))
    (one,) = reader.read(json.dumps(event()).encode(), HERE).looks
    assert one.on_behalf_of is None


def test_an_action_delivered_to_two_accounts_is_one_look():
    """They share an id of their own."""
    ids = {look(event(eventID=str(n), sharedEventID="5b0c", recipientAccountId=str(n))).look_id for n in range(2)}
    assert ids == {"cloudtrail:5b0c"}


# ── files ──


def test_the_three_shapes_of_a_file_hold_the_same_events():
    """As delivered, as a bare list, and one a line; pretty or not."""
    events = [event(eventID=str(n)) for n in range(3)]
    shapes = [
        json.dumps({"Records": events}), json.dumps({"Records": events}, indent=2), json.dumps(events, indent=1),
        "\n".join(map(json.dumps, events)), json.dumps({"Records": events[:2]}) + "\n" + json.dumps({"Records": events[2:]}),
    ]  # fmt: skip
    for text in shapes:
        found = pieces(text.encode())
        assert [json.loads(piece) for _, piece in found] == events
        assert [where.number for where, _ in found] == [1, 2, 3]
        for where, piece in found:
            assert text.encode()[where.offset :].startswith(piece)


ELEMENT = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.none(), st.text(st.sampled_from('a"\\{}[],:é'), max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(st.sampled_from('a"\\]{'), max_size=3), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(ELEMENT, max_size=5), st.integers(1, 9), st.sampled_from([None, 1]), st.booleans())
def test_a_list_comes_apart_into_its_elements(elements, size, indent, ascii_only):
    """Whatever they hold, and however the bytes arrive."""
    for whole in (elements, {"Records": elements}):
        raw = json.dumps(whole, indent=indent, ensure_ascii=ascii_only).encode()
        assert [json.loads(piece) for _, piece in pieces(raw, size)] == elements


@settings(deadline=None, max_examples=400)
@given(
    st.lists(
        st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b",", b" ", b"1", b'{"Records":[', b"\n", b"a"]),
        max_size=25,
    ),
    st.integers(1, 6),
)
def test_any_bytes_come_apart_the_same_way_however_they_arrive(parts, size):
    """Nothing raises, and every byte that is no white space, comma or frame is in a piece."""
    raw = b"".join(parts)
    found = pieces(raw)
    assert pieces(raw, size) == found
    if raw.startswith(b"[") and b"Records" not in raw and all(isinstance(piece, bytes) for _, piece in found):
        # One list may follow another, so brackets may be frame; nothing else may be.
        inside = b"".join(piece for _, piece in found)
        assert raw.translate(None, b" ,\n[]") == inside.translate(None, b" ,\n[]")


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_file_cut_anywhere_says_so(data):
    """Whole events before the cut are read; the cut itself is a malformed record. No cut looks like a whole file."""
    raw = json.dumps({"Records": [event(eventID=str(n)) for n in range(3)]}).encode()
    cut = data.draw(st.integers(len('{"Records": ['), len(raw) - 1))
    found = pieces(raw[:cut])
    wholes = [piece for _, piece in found if isinstance(piece, bytes)]
    reasons = [piece.reason for _, piece in found if isinstance(piece, Malformed)]
    assert [json.loads(w)["eventID"] for w in wholes] == [str(n) for n in range(len(wholes))]
    if raw[:cut].endswith(b"]") and len(wholes) == 3:
        assert reasons == []  # all that is missing is the last brace
    else:
        assert reasons in ([UNCLOSED], [CUT_OFF, UNCLOSED])


def test_what_stands_after_the_list_is_not_passed_over():
    """A second list under the same key would win or lose, depending on who reads."""
    found = pieces(b'{"Records":[{}],"Records":[{"a":1}]}')
    assert [piece.reason for _, piece in found if isinstance(piece, Malformed)] == [TRAILING]


def test_one_broken_event_costs_no_other():
    """It is malformed; those before and behind it are read."""
    raw = (
        b'{"Records":['
        + b",".join([json.dumps(event()).encode(), b'{"a" 1}', json.dumps(event(eventID="2")).encode()])
        + b"]}"
    )
    reader = CloudTrail(Stores.parse(MAP))
    kinds = [type(p if isinstance(p, Malformed) else reader.read(p, w)) for w, p in pieces(raw)]
    assert kinds == [Taken, Malformed, Taken]


def test_a_list_of_any_length_takes_no_memory():
    """Neither a long list nor one endless event is ever held."""
    one = json.dumps(event()).encode() + b","
    block = one * 50

    def long_list():
        yield b'{"Records":['
        for _ in range(60):
            yield block
        yield b"{}]}"

    def endless():
        yield b'[{"a":"'
        for _ in range(64):
            yield b"x" * 2**20
        yield b'"},{}]'

    tracemalloc.start()
    try:
        assert sum(1 for _ in json_list.pieces(long_list())) == 3_001
        found = list(json_list.pieces(endless()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [p.reason if isinstance(p, Malformed) else p for _, p in found] == [TOO_LONG, b"{}"]
    assert peak < 16 * LINE_LIMIT


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_outcome(raw):
    """Reading raises nothing, and a reason never quotes."""
    outcome = read(raw)
    assert isinstance(outcome, Malformed | Skipped)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just("example-people"), st.just("messages")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(
        ["bucketName", "key", "tableName", "keys", "get", "ARN", "arn", "type", "statement", "principalId", "sessionContext", "owner"]),
        inner, max_size=4)),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(event(), JSON)),
    st.sampled_from(["s3", "dynamodb"]),
    st.sampled_from(["GetObject", "CopyObject", "GetItem", "BatchGetItem", "Scan", "ExecuteStatement", "GetNew"]),
)
def test_any_event_is_an_outcome(changes, service, name):
    """Whatever stands where a text, list or table should: nothing raises, and a look has all that it must have."""
    outcome = read(event() | changes | {"eventSource": f"{service}.amazonaws.com", "eventName": name})
    assert isinstance(outcome, Taken | Skipped | Malformed)
    if isinstance(outcome, Taken):
        assert all(one.principal and one.asked and one.at.tzinfo for one in outcome.looks)


# ── other people's events ──


def corpus():
    if not CORPUS.exists():
        pytest.skip("the corpus of CloudTrail events is not here")
    return [*sorted((CORPUS / "stratus").glob("*.json")), CORPUS / "panther/AWS_CloudTrail.ndjson"]


def test_no_event_of_the_corpora_is_lost(tmp_path):
    """Every event of 24 files is counted, none raises, and the counts add up."""
    for given_file in corpus():
        file = given_file
        if file.suffix == ".ndjson":
            events = [json.loads(line)["event"] for line in file.read_text().splitlines()]
            file = tmp_path / "panther"
            file.write_text("\n".join(map(json.dumps, events)))
        else:
            events = json.loads(file.read_text())
        room = Room()
        report = take(CloudTrail(Stores.parse(MAP)), file, room.desk)
        assert report.records == report.taken + report.skipped + report.malformed == len(events)
        assert report.looks == 0
        assert report.broken is None


def test_events_of_the_corpora_are_looks_where_their_buckets_are_watched():
    """The same events, with a map that names what they touch: reads become looks, refusals are refusals."""
    lines = corpus()[-1].read_text().splitlines()
    stores = Stores.parse(
        b'format = 1\n[[bucket]]\nname = "example-bucket"\n[[bucket.object]]\nkey = "{person}"\nfields = "profile"\n'
    )
    reader = CloudTrail(stores)
    events = [json.loads(line)["event"] for line in lines]
    watched = [e for e in events if "example-bucket" in json.dumps(e.get("requestParameters"))]
    outcomes = [
        reader.read(json.dumps(e | {"eventID": "1"}).encode(), HERE)
        for e in watched
        if e.get("eventName") == "GetObject"
    ]
    looks = [one for o in outcomes if isinstance(o, Taken) for one in o.looks]
    assert {(one.decision, one.persons) for one in looks} == {
        ("refuse", ("sensitive-file.txt",)),
        (None, ("sensitive-file.txt",)),
    }


def test_every_format_of_one_file_gives_the_same_looks(tmp_path):
    """Delivered gzipped, exported as a list, one a line: the second and third reading change nothing."""
    events = [
        event(),
        dynamo("BatchGetItem", {"requestItems": {"messages": {"keys": [{"owner": "a"}, {"owner": "b"}]}}}, eventID="2"),
    ]
    files = {
        "a": gzip.compress(json.dumps({"Records": events}).encode()),
        "b": json.dumps(events, indent=2).encode(),
        "c": "\n".join(map(json.dumps, events)).encode(),
    }
    room, reports = Room(), []
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
        reports.append(take(CloudTrail(Stores.parse(MAP)), tmp_path / name, room.desk))
    assert [(r.new, r.known, r.otherwise) for r in reports] == [(2, 0, 0), (0, 2, 0), (0, 2, 0)]
    assert [b.kind for b in room.journal.looks()] == ["look", "bulk", "mention", "mention"]
    streams = [r.stream for s in room.journal.submissions for r in s.records]
    assert Stream.of_person("mira") in streams
    text = b"".join(r.body for s in room.journal.submissions for r in s.records)
    for clear in (b"mira", b"kofi", b"arn:aws", b"192.0.2"):
        assert clear not in text


def test_hostile_files_are_reports(tmp_path):
    """Truncated gzip, another encoding, a bomb, a wrong file: an exit code and a reason, never an exception."""
    raw = gzip.compress(json.dumps({"Records": [event(eventID=str(n)) for n in range(50)]}).encode())
    for name, content in {
        "cut": raw[:-9], "utf16": json.dumps([event()]).encode("utf-16"), "latin": '[{"eventName":"é"}]'.encode("latin-1"),
        "zeros": bytes(5_000), "text": b"hello\nworld\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
        report = take(CloudTrail(Stores.parse(MAP)), tmp_path / name, Room().desk)
        assert report.exit == 1, name
    (tmp_path / "empty").write_bytes(b"")
    assert take(CloudTrail(Stores.parse(MAP)), tmp_path / "empty", Room().desk).exit == 0


@pytest.mark.parametrize(
    "wrong",
    [
        b"", b"format = 1", b"format = 2\n" + MAP[MAP.index(b"[[") :], MAP + b"[typo]\n", MAP.replace(b"key_type", b"keytype"),
        MAP.replace(b'"ip:exact"', b'"ip"'), MAP.replace(b"{person}", b"{person"), MAP + MAP[MAP.index(b"[[bucket]]") : MAP.index(b"[[table]]")],
        MAP.replace(b'mode = "export"', b'mode = "peek"'), b'format = 1\n[[table]]\nname = "x"\nfields = "-"\n', b"\xff", b"format = ",
    ],
)  # fmt: skip
def test_a_map_refuses_what_it_does_not_know(wrong):
    """A misspelt key would silently watch less."""
    with pytest.raises(Misconfigured):
        Stores.parse(wrong)


def test_the_map_of_the_documentation_is_read_whole():
    """Nearest patterns first, and a digest that names exactly these bytes."""
    stores = Stores.parse(MAP)
    assert stores.buckets["example-people"].objects[0].pattern.text == "people/{person}/sign-ins.json"
    assert CloudTrail(stores).map_digest == hashlib.sha256(MAP).digest()
    assert CloudTrail(stores).gaps() == ()
