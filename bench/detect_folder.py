# SPDX-License-Identifier: Apache-2.0
"""A dataset folder of any number of looks, written by DuckDB in one pass a table: as fast as the disk, in constant memory.

It is no company to find anything in, that is what `whosaw simulate` is for; but each table has the size, the keys and the
repeats that it would have there: a principal for a thousand looks, a person for ten, a case that fits for most looks,
links in small circles, a few who are looked at by many.
"""

from pathlib import Path

import duckdb

DAYS = 180
LOOKS_A_PRINCIPAL, LOOKS_A_PERSON, LOOKS_A_CASE = 1_000, 10, 5
# Of a hundred looks so many are at the person of their case; the others are at anybody.
FITTING = 90
_T = "strftime(to_timestamp(1641032400 + cast({} as bigint)), '%Y-%m-%dT%H:%M:%SZ')"


def write(folder: Path, looks: int) -> Path:
    """The folder, if it is not there yet."""
    if (folder / "dataset.json").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    staff, persons, cases = (looks // each for each in (LOOKS_A_PRINCIPAL, LOOKS_A_PERSON, LOOKS_A_CASE))
    span = DAYS * 86_400
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder / "spill"), "preserve_insertion_order": False}) as on:  # fmt: skip
        on.execute("create macro h(n, salt) as hash(n * 1000003 + salt)")
        # A case lies with one principal for a few days and names one person; ranks to the power of three make some of them famous.
        on.execute(f"""create macro who_of(c) as 'e-' || (h(c, 1) % {staff})""")
        on.execute(f"""create macro person_of(c) as 'p-' || cast({persons} * pow((h(c, 2) % 1000000) / 1000000, 1.5) as bigint)""")  # fmt: skip
        on.execute(f"create macro opened(c) as h(c, 3) % {span - 10 * 86_400}")
        for name, sql in _tables(looks, staff, persons, cases).items():
            on.execute(f"copy ({sql}) to '{folder}/{name}.parquet' (format parquet, compression zstd)")
    (folder / "dataset.json").write_text(
        '{"format":"whosaw-dataset/1","name":"bench","from":"2022-01-01T00:00:00Z","to":"2022-07-01T00:00:00Z",'
        '"regions":{"EU":["DE","FR","IE"]}}'
    )
    return folder


def _tables(looks: int, staff: int, persons: int, cases: int) -> dict[str, str]:
    at = _T.format
    some = "['support','fraud','safety','legal','audit','engineering','data','operations']"
    look = f"""
        select 'l-' || i as look_id, {at("opened(c) + h(i, 5) % (3 * 86400)")} as time,
            who_of(c) as principal, case when fits then person_of(c) else 'p-' || (h(i, 6) % {persons}) end as person,
            list_distinct([['ip','location','profile','activity'][1 + cast(h(i, 7) % 4 as int)], 'profile']) as fields,
            case when h(i, 8) % 20 = 0 then 'search' else 'read' end as mode, 'service_repair' as purpose,
            case when fits or h(i, 9) % 3 = 0 then 'c-' || c end as "case", 'desk' as app, 1 as rows, 'permit' as decision
        from (select i, h(i, 4) % {cases} as c, h(i, 10) % 100 < {FITTING} as fits from range({looks}) t(i))"""
    return {
        "looks": look,
        "staff": f"""select 'e-' || i as staff_id, 'u-' || (i // 12) as unit, {some}[1 + cast((i // 12) % 8 as int)] as function,
            case when i >= 12 then 'e-' || (i // 12) end as manager, ['DE','FR','IE','US'][1 + cast((i // 12) % 4 as int)] as country,
            'p-' || (h(i, 11) % {persons}) as own_person, 'h-' || (h(i, 12) % {persons}) as household from range({staff}) t(i)""",
        "persons": f"""select 'p-' || i as person, ['EU','US','DE','IE'][1 + cast(h(i, 13) % 4 as int)] as region,
            case when h(i, 14) % 100 = 0 then [['press','critic','politician','public_figure'][1 + cast(h(i, 15) % 4 as int)]] end as classes,
            'h-' || (i // 3) as household from range({persons}) t(i)""",
        "cases": f"""select 'c-' || c as case_id, ['service_repair','fraud','abuse','billing'][1 + cast(h(c, 16) % 4 as int)] as type,
            {at("opened(c)")} as opened, {at("opened(c) + 5 * 86400")} as closed, who_of(c) as assignee, person_of(c) as requester,
            'e-' || (h(c, 17) % {staff}) as opened_by, case when h(c, 18) % 50 = 0 then 'e-' || (h(c, 19) % {staff}) end as approver
            from range({cases}) t(c)""",
        "case_persons": f"""select 'c-' || c as case_id, person_of(c) as person, {at("opened(c)")} as added,
            'e-' || (h(c, 17) % {staff}) as added_by from range({cases}) t(c)""",
        "assignments": f"""select 'e-' || i as staff_id, 'queue' as scope_kind, 'q-' || (i // 12) as scope from range({staff}) t(i)""",
        "links": f"""select 'p-' || i as a, 'p-' || ((i + 1 + h(i, 20) % 40) % {persons}) as b,
            ['contact','follows','family','device'][1 + cast(h(i, 21) % 4 as int)] as kind from (select unnest([i, i]) + 0 as i from range({persons}) t(i))""",
        "events": f"""select 'v-' || i as event_id, {at("h(i, 22) % 15552000")} as time, 'article' as kind,
            ['p-' || (h(i, 23) % {persons})] as persons, 'critical' as stance from range({max(20, staff // 20)}) t(i)""",
        "changes": f"""select 'g-' || i as change_id, {at("h(i, 24) % 15552000")} as time, 'e-' || (h(i, 25) % {staff}) as staff_id,
            ['class_list','role_grant','retention','template'][1 + cast(h(i, 26) % 4 as int)] as object, 'p-' || (h(i, 27) % {persons}) as target
            from range({staff}) t(i)""",
    }  # fmt: skip
