# SPDX-License-Identifier: Apache-2.0
"""The page of all bars: what was not measured is said, what is bad is shown, and old figures never mix with new ones."""

import json

import pytest
from bench.quality import __main__ as runner
from bench.quality import further, plan, rows, unread
from bench.quality.company import Looked, invented, without
from bench.quality.one import twice
from bench.quality.page import page
from tests.evaluate.made import PERIOD, benign, incident, line

from whosaw.detect.fuse import prices_of
from whosaw.detect.run import Tried
from whosaw.detect.signal import Signal
from whosaw.evaluate.report import report
from whosaw.simulate.scenarios import NAMES

NOTHING = {part: [] for part in plan.PARTS}


def measured(*found, families=("motive", "drift"), twin=True):
    """A company in which the incidents of these names were found, in that order."""
    truth = [incident(f, [f"l-{f}"], family=f, principals=[f"e-{f}"], persons=[f"p-{f}"]) for f in families]
    if twin:
        truth += [benign("b", ["l-b"], families[0])]
    lines = [line(f, 9 - at, [f"l-{f}"], principals=[f"e-{f}"], persons=[f"p-{f}"]) for at, f in enumerate(found)]
    return json.loads(json.dumps(report(lines, truth, PERIOD).json()))


def company(seed=1001, ours=("motive", "drift"), peer=(), without=None):
    """Of the part with all families: `without` each signal so much was found."""
    reasons = {
        "ordinary": {"looks": 100, "reason": 95, "first": 50, "first_reason": 40},
        "planted": {"motive": {"looks": 10, "reason": 2, "reason_not_faked": 1, "by 0": 2}, "trail_edits": {"looks": 3, "reason": 3, "reason_not_faked": 3}},
    }  # fmt: skip
    left = {}
    for name, found in (without or {}).items():
        made = measured(*found)
        left[name] = {
            "average_precision": made["average_precision"], "recall": made["budgets"][1]["recall"],
            "precision": made["budgets"][1]["precision"],
            "families": {f["family"]: f["average_precision"] for f in made["families"]},
        }  # fmt: skip
    return {
        "seed": seed, "ours": measured(*ours), "peers": {"by pair": measured(*peer)}, "reasons": reasons, "without": left,
        "off": [], "cpu_seconds": 60.0, "peak_mb": 900, "part": "all",
    }  # fmt: skip


def motive(seed, when):
    return {
        "seed": seed, "found": when is not None, "when": when, "outsiders": 6, "places": 1, "tried": {"third": [None, 1]},
        "cpu_seconds": 30.0, "peak_mb": 900, "part": "motive",
    }  # fmt: skip


def calm(ps, seed=1001, named=(5, 5)):
    """One signal with these p, and two countries of a hundred people."""
    grid = [0] * 2000
    for p in ps:
        grid[min(1999, int(p * 2000))] += 1
    signal = {"units": len(ps), "ratios": [1.0, 1.0], "distance": 0.0, "distance_p": 1.0, "grid": grid}
    groups = {"country": {c: [100, n, n] for c, n in zip(("DE", "IE"), named, strict=True)}}
    return {
        "seed": seed, "signals": {"volume": signal}, "groups": groups, "reasons": {"ordinary": {"looks": 100, "reason": 94, "first": 10, "first_reason": 9}, "planted": {}},
        "off": [], "cpu_seconds": 60.0, "peak_mb": 900, "part": "calm",
    }  # fmt: skip


def bar(runs, word):
    (found,) = [b for b in rows.bars({**NOTHING, **runs}) if word in b.what]
    return found


def test_every_bar_stands_there_even_if_nothing_was_measured():
    """Each of them, as not measured; and none of them reached."""
    bars = rows.bars(NOTHING)
    assert len(bars) >= 14
    assert {b.reached for b in bars} == {None}
    text = page(NOTHING, plan.jobs([1, 2], list(plan.PARTS)), "0123")
    assert text.count("not measured") == len(bars)


def test_a_bar_is_reached_where_it_is_and_nowhere_else():
    """Both sides of each edge."""
    seeds = range(1001, 1031)
    assert bar({"motive": [motive(s, "end") for s in seeds]}, "the motive").reached
    assert not bar({"motive": [motive(s, "end") for s in seeds[:29]]}, "the motive").reached  # 29 are not 30
    assert not bar({"motive": [motive(s, None if s == 1007 else "end") for s in seeds]}, "the motive").reached
    assert bar({"motive": [motive(s, "third" if s % 2 else "end") for s in seeds]}, "third outsider").reached
    assert not bar({"motive": [motive(s, "third" if s % 3 == 0 else "end") for s in seeds]}, "third outsider").reached
    assert bar({"all": [company()]}, "recall at 25").reached
    assert not bar({"all": [company(ours=["motive"])]}, "recall at 25").reached
    assert bar({"all": [company(peer=["b", "x", "y", "z", "w", "motive"])]}, "IsolationForest").reached
    assert not bar({"all": [company(peer=["motive"])]}, "IsolationForest").reached
    worst = bar({"all": [company(ours=["motive"])]}, "worst family")
    assert (worst.what.endswith("`drift`"), worst.reached) == (True, False)
    assert bar({"split": [company()]}, "shared out").reached
    assert not bar({"split": [company(ours=[])]}, "shared out").reached
    for half, reached in ((["motive", "drift"], True), (["motive"], False)):
        run = {"seed": 1, "plain": company(), "half": company(ours=half)}
        assert bar({"covered": [run]}, "cover stories").reached is reached
    uniform = [(i + 0.5) / 1000 for i in range(1000)]
    assert bar({"calm": [calm(uniform)]}, "Kolmogorov").reached
    assert not bar({"calm": [calm([p**1.5 for p in uniform])]}, "Kolmogorov").reached
    assert bar({"calm": [calm(uniform)]}, "by country").reached
    assert not bar({"calm": [calm(uniform, named=(2, 9))]}, "by country").reached
    assert bar({"calm": [calm(uniform)]}, "by function").reached is None
    assert bar({"calm": [calm(uniform)]}, "ordinary looks").reached
    assert "the standard one was not measured" in bar({"calm": [calm(uniform)]}, "ordinary looks").what
    assert bar({"standard": [company()]}, "ordinary looks").what.endswith("on the standard company")
    # Families that edit the trail may have a reason; one look of the motive may not.
    assert bar({"all": [company()]}, "explained away").measured == "1 of 10: `motive` 1"


def test_a_signal_that_adds_nothing_is_named():
    """One that changes nothing in any family, and one without which a family is lost."""
    run = company(without={"volume": ["motive", "drift"], "lockstep": ["motive"]})
    assert [(s.signal, s.nothing) for s in rows.lost({**NOTHING, "all": [run]})] == [
        ("lockstep", False),
        ("volume", True),
    ]
    assert bar({"all": [run]}, "add nothing").measured == "`volume`"
    (first, _) = rows.lost({**NOTHING, "all": [run]})
    assert first.precision == pytest.approx(0.5)
    assert first.most == ("drift", pytest.approx(1.0))


def test_shares_have_intervals_at_their_ends():
    """Wilson's, of all and of none, and as printed in tables of it."""
    assert rows.wilson(30, 30) == "0.89 to 1.00"
    assert rows.wilson(0, 10) == "0.00 to 0.28"
    assert rows.wilson(5, 10) == "0.24 to 0.76"
    assert rows.wilson(0, 0) == ""


def test_the_page_shows_all_of_it():
    """Good and bad side by side; every family and signal has its row."""
    runs = {
        **NOTHING, "all": [company(without={"volume": ["motive"]})], "motive": [motive(1001, "third"), motive(1002, None)],
        "calm": [calm([(i + 0.5) / 100 for i in range(100)])], "covered": [{"seed": 1, "plain": company(), "half": company(), "cpu_seconds": 9, "peak_mb": 1}],
    }  # fmt: skip
    text = page(runs, plan.jobs([1001], list(plan.PARTS)), "0123")
    for word in ("`motive`", "`drift`", "`volume`", "reached", "**missed**", "not measured", "| 1002 | 6 | not |"):
        assert word in text, word


def test_whoever_stops_early_has_some_of_each():
    """The first company of every part comes first; the large one last; no company twice."""
    made = plan.jobs(range(1001, 1031), list(plan.PARTS))
    assert {job.part for job in made[: len(plan.PARTS) - 1]} == plan.PARTS.keys() - {"standard"}
    assert made[-1].part == "standard"
    assert len(set(made)) == len(made)
    assert sum(job.part == "motive" for job in made) == 30


def test_what_is_measured_is_measured_once_and_with_this_code(tmp_path, monkeypatch):
    """A company whose figures lie there is not begun again; figures of other code are not read."""
    monkeypatch.setattr(plan, "KEPT", tmp_path)
    mine, other = plan.Job("motive", 1), plan.Job("motive", 2)
    mine.kept("new").write_text(json.dumps(motive(1, "end")))
    other.kept("old").write_text(json.dumps(motive(2, "end")))
    assert [run["seed"] for run in plan.kept("new")["motive"]] == [1]
    assert len(plan.digest()) == 12
    monkeypatch.setattr(runner, "KEPT", tmp_path)
    monkeypatch.setattr(runner, "digest", lambda: "new")
    begun = []

    def one(words, **_):
        begun.append(words[-2:])
        raise runner.subprocess.TimeoutExpired(words, 1)

    monkeypatch.setattr(runner.subprocess, "run", one)
    monkeypatch.setattr(
        "sys.argv", ["quality", "--seeds", "1-2", "--parts", "motive", "--page", str(tmp_path / "page.md")]
    )
    assert runner.main() == 1
    assert begun == [["motive", "2"]]
    assert "1 of 2" in (tmp_path / "page.md").read_text()


def test_a_signal_left_out_is_as_if_it_had_never_run():
    """Its units are gone, its family has one less, and a family without any is neither for nor against."""
    made = [
        Signal(signal=name, family=family, kind="principal", unit=f"e-{i}", stratum="", p=0.5, tries=1, days=1, k=1, n=1, expected=1.0)
        for name, family in (("volume", "time"), ("fixation", "time"), ("lockstep", "graph"))
        for i in range(3)
    ]  # fmt: skip
    whole = Looked(None, Tried(tuple(made), {"time": 2, "graph": 1}, (), prices_of(made)))
    left = without(whole, {"volume"}).all_
    assert (left.ran, {s.signal for s in left.signals}) == ({"time": 1, "graph": 1}, {"fixation", "lockstep"})
    assert without(whole, {"lockstep"}).all_.ran == {"time": 2}
    assert without(whole, ()).all_ == whole.all_


@pytest.mark.parametrize("families", [further.FAMILIES, unread.FAMILIES], ids=["further", "unread"])
def test_families_that_are_not_the_simulators_are_planted(families, tmp_path):
    """Each of them twice, with looks in the log, persons, and a twin."""
    invented(tmp_path / "company", 60, 60, 7, planned=twice(families))
    lines = [json.loads(text) for text in (tmp_path / "company/truth.jsonl").read_text().splitlines()]
    incidents = [each for each in lines if "incident" in each]
    assert sorted(each["family"] for each in incidents) == sorted(2 * [family.name for family in families])
    assert all(each["looks"] and each["persons"] and each["principals"] for each in incidents)
    assert {each["twin_of"] for each in lines if "twin_of" in each} == {each["incident"] for each in incidents}


def test_who_is_read_is_known():
    """What was read is a family of the simulator or a further one; of those that nobody has read none is either."""
    known = set(NAMES) | {family.name for family in further.FAMILIES}
    assert len(known) == len(NAMES) + len(further.FAMILIES)
    assert set(rows.READ["families"]) <= known
    assert not {family.name for family in unread.FAMILIES} & known
