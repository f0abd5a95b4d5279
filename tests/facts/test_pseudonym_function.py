# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms in queries: DuckDB asks the session in this process, workers of others at the door, and Spark is such a worker."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import pytest

from whosaw.errors import BadInput
from whosaw.facts.pseudonym_door import DEADLINE, LARGEST, TOKEN, door
from whosaw.facts.pseudonym_function import register
from whosaw.facts.pseudonym_spark import asking, spark_function
from whosaw.guard.pseudonyms.session import Session
from whosaw.model.pseudonym_body import Variant
from whosaw.privacy.ipcrypt.keys import cipher

KEY = bytes(range(32))
LOG = "select '198.51.100.' || (i % 50) as ip, i % 2 = 0 as bad from range(10_000) t(i)"


class Call:
    """A session that nobody had to ask for, and what it said of itself."""

    def __init__(self, variant=Variant.PFX, up_to=100_000, batch=1000):
        self.told = []
        self.cipher = cipher(KEY, "fraud_review", "2026-06", variant)
        self.session = Session(
            self.cipher, up_to=up_to, batch=batch, random=os.urandom, told=lambda *said: self.told.append(said),
            present=lambda: None, call=(7, b""), epoch="2026-06",
        )  # fmt: skip


@pytest.fixture
def db():
    with duckdb.connect() as made:
        yield made


def test_a_query_counts_by_pseudonym(db):
    """The same counts as by address, and no address in the answer; NULL is NULL; what was asked is counted."""
    call = Call()
    register(db, "pseudonym", call.session)
    by = dict(db.execute(f"select pseudonym(ip), count(*) from ({LOG}) group by 1").fetchall())
    assert by == {call.cipher.encrypt(f"198.51.100.{n}"): 200 for n in range(50)}
    assert db.execute("select pseudonym(null), pseudonym('192.0.2.1')").fetchone() == (
        None,
        call.cipher.encrypt("192.0.2.1"),
    )
    busy = f"select regexp_extract(pseudonym(ip), '.*[.]') as network, count(*) from ({LOG}) where bad group by 1"
    assert [count for _, count in db.execute(busy).fetchall()] == [5000]
    assert 50 <= call.session.used < 20_000


def test_ndx_is_another_one_in_each_row(db):
    call = Call(Variant.NDX)
    register(db, "pseudonym", call.session)
    found = db.execute("select distinct pseudonym('192.0.2.1') from range(500)").fetchall()
    assert len(found) == 500
    assert {call.cipher.decrypt(bytes.fromhex(each)) for (each,) in found} == {"192.0.2.1"}


def test_a_query_for_more_than_there_is_fails_whole_and_says_nothing(db):
    call = Call(up_to=30)
    register(db, "pseudonym", call.session)
    with pytest.raises(duckdb.Error, match="was for 30 addresses"):
        db.execute(f"create table out as select pseudonym(ip) from ({LOG})")
    assert db.execute("select count(*) from duckdb_tables()").fetchone() == (0,)
    assert ("over", 50) in call.told
    with pytest.raises(duckdb.Error, match="not an IP address") as caught:
        db.execute("select pseudonym('mirabel')").fetchall()
    assert "mirabel" not in str(caught.value)


def test_a_worker_asks_at_the_door():
    """What is sent to a worker runs without anything of ours, and gets what the session gives."""
    call = Call()
    column = pa.array(["192.0.2.1", None, "192.0.2.9"])
    with door(call.session) as handle:
        assert os.stat(os.path.dirname(handle.path)).st_mode & 0o777 == 0o700
        assert "token" not in repr(handle)
        ask = asking(handle.path, handle.token)
        made = []
        threads = [threading.Thread(target=lambda: made.append(ask(column))) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(DEADLINE)
        assert [each.to_pylist() for each in made] == [call.session.column(column).to_pylist()] * 8
        with pytest.raises(ValueError, match="not an IP address"):
            ask(pa.array(["mirabel"]))
    assert call.session.used == 18
    assert not os.path.exists(handle.path)
    with pytest.raises(OSError):
        ask(column)


def received(one):
    """One byte, or none where the other side hung up before it had read all."""
    try:
        return one.recv(1)
    except ConnectionResetError:
        return b""


def test_who_has_no_token_or_too_much_is_not_answered():
    call = Call()
    with door(call.session) as handle:
        for said in (bytes(TOKEN) + bytes(4), handle.token[:-1], handle.token + (LARGEST + 1).to_bytes(4, "big"), b""):
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(DEADLINE)
                one.connect(handle.path)
                one.sendall(said)
                one.shutdown(socket.SHUT_WR)
                assert received(one) == b""
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(DEADLINE)
            one.connect(handle.path)
            one.sendall(handle.token + (3).to_bytes(4, "big") + b"xyz")
            assert one.recv(100)[5:] == b"not a column of Arrow"
    assert call.session.used == 0


@pytest.mark.slow
def test_what_a_worker_runs_needs_nothing_of_ours():
    """By value, as Spark sends it: a process that cannot import whosaw can run it."""
    cloudpickle = pytest.importorskip("pyspark.cloudpickle", reason="make spark installs it")
    raw = cloudpickle.dumps(asking("/nowhere", bytes(TOKEN)))
    text = "import sys, pickle; f = pickle.loads(sys.stdin.buffer.read()); assert 'whosaw' not in sys.modules; print(f.__name__)"
    done = subprocess.run([sys.executable, "-c", text], input=raw, capture_output=True, timeout=60, check=False)
    assert done.stdout == b"ask\n", done.stderr


@pytest.mark.slow
def test_spark_counts_as_duckdb_does(db, monkeypatch):
    """A real Spark on this machine, its workers in processes of their own: the same numbers, and one call on record."""
    call = Call()
    with spark_on(monkeypatch, "local[2]") as (_, rows):
        with door(call.session) as handle:
            assert counted(rows, handle) == expected(db)
            assert call.session.used < 10_000
        with door(Call(up_to=10).session) as handle, pytest.raises(Exception, match="was for 10 addresses"):
            rows.select(spark_function(handle)("ip")).collect()
        ndx = Call(Variant.NDX)
        with door(ndx.session) as handle:
            made = rows.limit(100).select(spark_function(handle)("ip").alias("who")).collect()
            assert len({row["who"] for row in made}) == 100


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_executors_that_are_processes_of_their_own_knock_at_the_same_door(db, monkeypatch):
    """Two of them, each with its own JVM and workers: the same numbers, from one session of this process."""
    call = Call()
    with spark_on(monkeypatch, "local-cluster[2,1,1024]") as (spark, rows):
        above = spark.sparkContext.range(8, numSlices=8).map(lambda _: os.getppid()).distinct().collect()
        assert len(above) == 2
        with door(call.session) as handle:
            assert counted(rows.repartition(4), handle) == expected(db)
            assert 0 < call.session.used < 10_000


@contextmanager
def spark_on(monkeypatch, master):
    """A Spark and ten thousand rows of it."""
    pyspark = pytest.importorskip("pyspark", reason="make spark installs it")
    from pyspark.sql import SparkSession

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_HOME", os.path.dirname(pyspark.__file__))  # what executors are started from
    spark = (
        SparkSession.builder.master(master).config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.sql.shuffle.partitions", "2").getOrCreate()
    )  # fmt: skip
    try:
        yield spark, spark.createDataFrame([(f"198.51.100.{n % 50}",) for n in range(10_000)], "ip string")
    finally:
        spark.stop()


def counted(rows, handle):
    return {
        row["who"]: row["count"] for row in rows.groupBy(spark_function(handle)("ip").alias("who")).count().collect()
    }


def expected(db):
    register(db, "pseudonym", Call().session)
    return dict(db.execute(f"select pseudonym(ip), count(*) from ({LOG}) group by 1").fetchall())


def test_the_session_is_what_counts():
    """A column of more than a batch goes through in parts, and not one address more than was asked for."""
    call = Call(up_to=2500, batch=1000)
    column = pa.array([f"10.0.{n // 256}.{n % 256}" for n in range(2500)])
    assert call.session.column(column).to_pylist()[2499] == call.cipher.encrypt("10.0.9.195")
    with pytest.raises(BadInput):
        call.session.column(column[:1])
