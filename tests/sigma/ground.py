# SPDX-License-Identifier: Apache-2.0
"""Rules written to a folder, and a dozen looks typed by hand."""

import uuid
from textwrap import indent

from tests.detect.typed import T0, facts_of

from whosaw.facts.columns import DAY

HOUR = DAY // 24

LOOKS = (
    {"who": "e-1", "person": "p-1", "t": T0 + 9 * HOUR, "mode": "read", "purpose": "fraud_review", "case": "c-1", "app": "Desk",
     "asked": "ip:exact|profile:name", "f_ip": 1, "f_profile": 1, "rows": 1, "src_ip": "10.1.2.3", "query": None},
    {"who": "e-1", "person": "p-2", "t": T0 + 10 * HOUR, "mode": "READ", "app": "desk-2", "asked": "ip:network", "f_ip": 1,
     "rows": 5, "src_ip": "::ffff:10.9.9.9"},
    {"who": "e-1", "person": "p-3", "t": T0 + 11 * HOUR, "mode": "search", "app": "desk*", "query": "p-3\nor 10.0.0.1"},
    {"who": "e-2", "person": "p-3", "t": T0 + 12 * HOUR, "mode": "export", "rows": 900, "request": "b-1",
     "src_ip": "2001:db8::7", "asked": "contacts:exact", "f_contacts": 1},
    {"who": "e-2", "person": "p-4", "t": T0 + 12 * HOUR, "mode": "export", "rows": 900, "request": "b-1",
     "src_ip": "192.168.0.1", "purpose": "legal_demand"},
    {"who": "e-3", "person": None, "t": T0 + 36 * HOUR, "mode": "aggregate", "rows": 0, "src_ip": "not an address"},
    {"who": "svc", "person": "p-1", "t": T0 + 48 * HOUR, "mode": "read", "leaf": 6, "row": 12},
    {"who": "e-1", "account": "svc", "claimed": 1, "person": "p-1", "t": T0 + 48 * HOUR, "mode": "read", "leaf": 6, "row": 13,
     "look_id": "l-000006"},
)  # fmt: skip
CHANGES = (
    {"change_id": "g-1", "t": T0, "who": "e-1", "object": "detector", "target": "volume", "old": "50", "new": "5000"},
    {"change_id": "g-2", "t": T0 + DAY, "who": "e-2", "object": "class_list", "target": "p-1"},
)


def typed(looks=LOOKS, changes=CHANGES):
    return facts_of(looks, changes=changes)


def detection(
    selection, *, title="Something", service="looks", name=None, condition="selection", level="medium", id_=None
):
    """A rule, as people write it. `selection`: YAML below `detection`."""
    named = f"name: {name}\n" if name else ""
    return (
        f"title: {title}\nid: {id_ or uuid.uuid5(uuid.NAMESPACE_URL, selection + title + (name or ''))}\n{named}status: test\n"
        f"logsource:\n  product: whosaw\n  service: {service}\ndetection:\n{indent(selection, '  ')}\n"
        f"  condition: {condition}\nlevel: {level}\n"
    )


def correlation(kind, rules, *, by=(), span="1d", condition="gte: 2", title="Counted"):
    return (
        f"title: {title}\nid: {uuid.uuid5(uuid.NAMESPACE_URL, title + kind + span + condition)}\nstatus: test\ncorrelation:\n"
        f"  type: {kind}\n  rules: [{', '.join(rules)}]\n  group-by: [{', '.join(by)}]\n  timespan: {span}\n"
        f"  condition: {{{condition}}}\nlevel: high\n"
    )


def written(folder, *rules, name="rule.yml"):
    path = folder / name
    path.write_text("---\n".join(rules), encoding="utf-8")
    return path
