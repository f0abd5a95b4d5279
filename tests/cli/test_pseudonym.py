# SPDX-License-Identifier: Apache-2.0
"""`whosaw pseudonym`: lists, tables and the vault as pseudonyms; a look at the person for the address; and no file where no."""

import csv
import ipaddress
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cli.desk import ADDRESS, Desk

ASK = ("--purpose", "subject_request", "--case", "T-100", "--as", "ana")
ROWS = [
    ["t", "client", "path", "proxy"],
    ["1", "203.0.113.77", "/", "2001:db8::9"], ["2", "203.0.113.200", "/a,b", ""], ["3", "203.0.113.77", '"', "2001:db8::9"],
    ["4", "", "", "2001:db8::1"],
]  # fmt: skip


@pytest.fixture(scope="module")
def desk(settled, tmp_path_factory):
    """A desk of its own: what is asked here is no look, and nobody else's quota."""
    home = tmp_path_factory.mktemp("pseudonyms")
    shutil.copytree(settled.home, home / "own")
    return Desk(home / "own")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("logs") / "attack.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(ROWS)
    return path


def typed(desk, what, *more, ask=ASK):
    return desk.typed("pseudonym", what, *more, *ask)


def test_a_list_comes_back_in_its_order(desk, tmp_path):
    (tmp_path / "ips").write_text("203.0.113.77\n203.0.113.200\n203.0.113.77")
    said = typed(desk, "ips", tmp_path / "ips", "--format", "json")
    assert said.code == 0, said.err
    one, two, three = (row["pseudonym"] for row in said.json["rows"])
    assert one == three != two
    assert ipaddress.ip_network(f"{one}/24", strict=False) == ipaddress.ip_network(f"{two}/24", strict=False)
    assert ADDRESS not in said.out
    assert (said.json["outcome"], said.json["kind"]) == ("made", "pfx")


def test_what_is_no_address_is_named_by_its_line_only(desk, tmp_path):
    (tmp_path / "ips").write_text("203.0.113.77\nmirabel\n")
    said = typed(desk, "ips", tmp_path / "ips")
    assert (said.code, said.out) == (2, "")
    assert "address 2: not an IP address" in said.err
    assert "mirabel" not in said.err


def test_a_table_is_written_again_without_an_address(desk, log, tmp_path):
    """Every other place is as it was; the same network is the same network, and what is empty stays so."""
    out = tmp_path / "out.csv"
    said = typed(desk, "table", log, "--column", "client", "--column", "proxy", "--out", out, "--format", "json")
    assert said.code == 0, said.err
    assert (said.json["written"], said.json["addresses"]) == (4, 4)
    assert out.stat().st_mode & 0o777 == 0o600
    made = list(csv.reader(out.read_text().splitlines()))
    assert made[0] == ROWS[0]
    assert [[row[0], row[2]] for row in made] == [[row[0], row[2]] for row in ROWS]
    assert made[1][1] == made[3][1] != made[2][1] != ""
    assert made[1][3] == made[3][3]
    assert made[2][3] == made[4][1] == ""
    assert made[1][1].rsplit(".", 1)[0] == made[2][1].rsplit(".", 1)[0]
    assert not [each for row in ROWS[1:] for each in (row[1], row[3]) if each and each in out.read_text()]


def test_what_is_left_is_shown(desk):
    """Whatever the tests before have asked for was taken."""
    rows = {
        row["quota"]: (row["limit"], row["left"])
        for row in desk.typed("quota", "show", "ana", "--format", "json").json["rows"]
    }
    limit, left = rows["pseudonyms of addresses that were brought"]
    assert (limit, left < limit) == (200_000, True)
    assert rows["pseudonyms of the vault"][0] == 20_000_000


def test_a_table_of_ndx_has_no_two_alike(desk, log, tmp_path):
    said = typed(desk, "table", log, "--column", "client", "--out", tmp_path / "out.csv", "--kind", "ndx")
    assert said.code == 0, said.err
    some = [row[1] for row in csv.reader((tmp_path / "out.csv").read_text().splitlines())][1:4]
    assert len(set(some)) == 3
    assert {len(each) for each in some} == {64}


def test_parquet_is_parquet(desk, tmp_path):
    columns = {name: [row[at] or None for row in ROWS[1:]] for at, name in enumerate(ROWS[0])}
    table = pa.table(columns | {"coded": pa.array(columns["client"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "in.parquet")
    said = typed(
        desk, "table", tmp_path / "in.parquet", "--column", "client", "--column", "coded", "--out", tmp_path / "out.parquet"
    )  # fmt: skip
    assert said.code == 0, said.err
    made = pq.read_table(tmp_path / "out.parquet")
    assert made.column("t").to_pylist() == columns["t"]
    assert made.column("client").to_pylist() == made.column("coded").to_pylist()
    assert [each is None for each in made.column("client").to_pylist()] == [False, False, False, True]
    assert ADDRESS not in str(made.column("client").to_pylist())


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (("--column", "nothing", "--out", "out.csv"), "no column 'nothing'"),
        (("--column", "client", "--out", "nowhere/out.csv"), "no such folder"),
        (("--column", "client", "--out", "."), "there is a file already"),
        (("--column", "client", "--out", "out.csv", "--epoch", "May"), "not an epoch"),
    ],
)
def test_where_it_cannot_be_done_there_is_no_file(desk, log, tmp_path, more, text, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = typed(desk, "table", log, *more)
    assert said.code == 2
    assert text in said.err
    assert list(tmp_path.iterdir()) == []


def test_refused_is_four_and_on_record_and_no_file(desk, log, tmp_path):
    """Somebody else's case, a purpose that needs no addresses; and the vault likewise."""
    for what, more in (("table", (log, "--column", "client")), ("vault", ())):
        ask = ("--purpose", "quality_sampling", "--case", "T-100", "--as", "quill")
        said = typed(desk, what, *more, "--out", tmp_path / "out.csv", "--format", "json", ask=ask)
        assert said.code == 4
        codes = [row["code"] for row in said.json["rows"]]
        assert {"function-not-accepted", "purpose-without-addresses", "case-not-assigned"} <= set(codes)
        assert said.json["leaf"] > 0
    assert list(tmp_path.iterdir()) == []


def test_the_vault_by_pseudonym_and_the_address_by_a_look(desk, tmp_path):
    """What ana may see of mirabel is the network; so the address behind a pseudonym is refused her, on record."""
    out = tmp_path / "vault.csv"
    said = typed(desk, "vault", "--out", out, "--format", "json")
    assert said.code == 0, said.err
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == said.json["addresses"]
    assert all(row["person"].startswith("v-") and row["address"] != ADDRESS for row in rows)
    known = rows[0]["address"] if rows else "192.0.2.1"
    said = typed(desk, "address", known, "--person", "mirabel", "--format", "json")
    assert said.code == 4
    assert json.loads(said.out)["permitted"] is False
    said = typed(desk, "address", "no pseudonym", "--person", "mirabel")
    assert said.code == 2
