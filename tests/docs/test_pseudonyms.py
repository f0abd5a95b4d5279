# SPDX-License-Identifier: Apache-2.0
"""docs/pseudonyms.md: an analyst finds the busiest networks of an attack, with pseudonyms only; as the page has it."""

import csv
import ipaddress
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest
from tests.cli.desk import typed
from tests.docs.prose import ROOT, blocks

PAGE = ROOT / "docs/pseudonyms.md"


def block(name):
    (found,) = (each.body for each in blocks(PAGE) if each.name == name)
    return found


def python(name, timeout=120):
    """The block, run where we are, in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", block(name)], capture_output=True, text=True, timeout=timeout, check=False, env=dict(os.environ)
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands():
    """(words, first line of the answer) of each."""
    text = block("runs: the calls").replace("\\\n", " ")
    for command, answer in re.findall(r"^\$ whosaw (.*)\n((?:[^$].*\n)*)", text, re.MULTILINE):
        yield command.split(), answer


def plain(text):
    """Without the month, and without where lines break."""
    return re.sub(r"20\d\d-\d\d", "EPOCH", " ".join(text.split()))


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A folder with the log, the house beside it, and what the calls made."""
    home = tmp_path_factory.mktemp("analyst")
    before = os.getcwd()
    os.chdir(home)
    try:
        tables, starts = block("runs: the house").split("\n\n")
        subprocess.run(["sh", "-ec", tables], check=True, timeout=60)
        for line in starts.splitlines():
            said = typed(*line.split()[1:])
            assert said.code == 0, said.err
        python("runs: the log")
        began = datetime.now(UTC)
        answers = [(typed(*words), answer) for words, answer in commands()]
        yield home, answers, {f"{when:%Y-%m}" for when in (began, datetime.now(UTC))}
    finally:
        os.chdir(before)


def test_the_calls_say_what_the_page_says(there):
    _, answers, months = there
    assert len(answers) == 2
    for said, answer in answers:
        assert said.code == 0, said.err
        assert plain(said.out).startswith(plain(answer))
        assert any(month in said.out for month in months)


def test_the_analyst_finds_the_networks_and_sees_none(there):
    """The numbers are those of the page and of the log itself; no address of the log is in the analyst's tables or answer."""
    home, *_ = there
    said = python("runs: the analyst")
    shape = re.compile(r"^[0-9a-f.:]+/(24|48)\s+", re.MULTILINE)
    assert shape.sub(r"\1 ", said) == shape.sub(r"\1 ", block("says: the analyst"))
    truth = Counter()
    with (home / "signins.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        address = ipaddress.ip_address(row["ip"])
        assert address.is_private or address in ipaddress.ip_network("2001:db8::/32")  # documentation addresses only
        if row["result"] == "wrong":
            truth[ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)] += 1
    told = re.findall(r"^(\S+)\s+([\d,]+) tries from\s+[\d,]+ addresses$", said, re.MULTILINE)
    assert [int(count.replace(",", "")) for _, count in told] == [count for _, count in truth.most_common()]
    assert not {network for network, _ in told} & set(map(str, truth))
    for name in ("networks.csv", "addresses.csv"):
        text = (home / name).read_text()
        assert {row["ip"] for row in csv.DictReader(text.splitlines())}.isdisjoint({row["ip"] for row in rows})


def test_the_address_behind_one_is_a_look_that_asks_for_an_approval(there):
    """As the last paragraph says: refused to Sam alone, on record, and with what to ask with."""
    home, *_ = there
    with (home / "networks.csv").open() as file:
        pseudonym = next(csv.DictReader(file))["ip"]
    said = typed(
        "pseudonym", "address", pseudonym, "--person", "mira", "--purpose", "incident_response", "--case", "INC-7",
        "--as", "sam", "--format", "json",
    )  # fmt: skip
    assert said.code == 5
    assert said.json["leaf"] > 0
    assert said.json["permitted"] is False


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_spark_counts_as_the_page_has_it(there, monkeypatch):
    """The block in a real Spark: the addresses that tried most often, under pseudonyms; as often as the log says, and one call on record."""
    pytest.importorskip("pyspark", reason="make spark installs it")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")  # nobody else's network is asked for it
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    home, *_ = there
    with (home / "signins.csv").open() as file:
        truth = Counter(row["ip"] for row in csv.DictReader(file) if row["result"] == "wrong")
    found = re.findall(r"^\|([0-9a-f.:]+) *\|(\d+) *\|$", python("runs: in Spark", timeout=480), re.MULTILINE)
    assert [int(count) for _, count in found] == [count for _, count in truth.most_common(3)]
    assert not {address for address, _ in found} & set(truth)
