# SPDX-License-Identifier: Apache-2.0
"""The variants of the motive case, one function each, and their honest twins.

    @refused("rules that speak", twin)    the name of the function says what is tried; it changes the town, and returns the look
    @permitted                            the same kind of look, as it ought to be asked

What a row says of rules is everything that speaks, no rule more and none less.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.guard.motive import DAY, HOUR, MINUTE, Town

from whosaw.model.access import Look, Mode


@dataclass(frozen=True)
class Row:
    """What is tried, what speaks against it (nothing: it is permitted), and which twin is permitted."""

    does: Callable[[Town], Look]
    rules: frozenset[str]
    twin: "Row | None" = None
    chapter: str = ""
    waits: str = ""  # for which part of the guard; such a row is not run yet

    @property
    def name(self) -> str:
        return self.does.__name__

    @property
    def says(self) -> str:
        """The name as it is read: `her_friend_s_case` is "her friend's case"."""
        return self.name.replace("_s_", "'s ").replace("_", " ")


VARIANTS: list[Row] = []
TWINS: list[Row] = []
_CHAPTERS: list[str] = []
# Parts of the guard that are not there yet: rows that need them are listed by `pending`, and run once they are.
MISSING: frozenset[str] = frozenset({"directory", "approvals", "quotas", "suspension", "tickets", "callers"})


def permitted(does: Callable[[Town], Look] | None = None, *, waits: str = ""):
    def made(does: Callable[[Town], Look]) -> Row:
        row = Row(does, frozenset(), waits=waits)
        TWINS.append(row)
        return row

    return made if does is None else made(does)


def refused(rules: str, twin: Row, *, waits: str = ""):
    def made(does: Callable[[Town], Look]) -> Row:
        row = Row(does, frozenset(rules.split()), twin, _CHAPTERS[-1], waits)
        VARIANTS.append(row)
        return row

    return made


def pending() -> list[str]:
    return [row.name for row in (*VARIANTS, *TWINS) if set(row.waits.split()) & MISSING]


def ready(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not set(row.waits.split()) & MISSING]


# ── the honest twins ──


@permitted
def the_takeover_of_a_customer_s_account(town):
    return town.ask("finn", "owen", "ip:exact device payment", "fraud_review", "F-OWEN")


@permitted
def a_customer_asks_and_support_answers(town):
    return town.ask("ana", "mira", "ip:network device", "subject_request", "T-MIRA")


@permitted
def an_inquiry_into_staff_s_own_work(town):
    return town.ask("a3", "u-leaker", "activity", "internal_inquiry", "I-STAFF")


@permitted
def a_reported_message_is_reviewed_for_safety(town):
    return town.ask("sam", "owen", "messages contacts", "safety_review", "S-OWEN")


@permitted
def a_bug_is_repaired(town):
    return town.ask("eve", "owen", "ip:network device", "service_repair", "B-OWEN")


@permitted
def the_takeover_of_her_friend_s_account(town):
    return town.ask("finn", "kates-friend", "ip:exact", "fraud_review", "F-FRIEND")


_CHAPTERS.append("The watchers say what they are")

_INQUIRY = "field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces"
_MIXED = "places-of-staff-and-outsiders"


@refused(f"{_INQUIRY} {_MIXED} protected-person", an_inquiry_into_staff_s_own_work, waits="directory")
def audit_asks_for_her_address_in_its_own_inquiry(town):
    return town.ask("a3", "kate", "ip:exact", "internal_inquiry", "I-LEAK")


@refused(
    f"{_INQUIRY} {_MIXED} protected-person case-not-assigned region-differs",
    an_inquiry_into_staff_s_own_work,
    waits="directory",
)
def audit_of_the_other_country_asks(town):
    return town.ask("a1", "kate", "ip:network", "internal_inquiry", "I-LEAK")


@refused(f"{_INQUIRY} {_MIXED}", an_inquiry_into_staff_s_own_work, waits="directory")
def audit_takes_her_friend_who_is_on_no_list(town):
    return town.ask("a3", "kates-friend", "ip:exact", "internal_inquiry", "I-LEAK")


@refused(f"{_INQUIRY} {_MIXED} detail-not-offered", an_inquiry_into_staff_s_own_work, waits="directory")
def audit_asks_where_her_friend_was(town):
    return town.ask("a3", "kates-friend", "location:city", "internal_inquiry", "I-LEAK")


@refused(_INQUIRY, an_inquiry_into_staff_s_own_work)
def audit_asks_whom_her_friend_writes_to(town):
    return town.ask("a3", "kates-friend", "contacts messages", "internal_inquiry", "I-LEAK")


@refused("inquiry-about-staff-only protected-person", an_inquiry_into_staff_s_own_work)
def audit_asks_only_for_her_activity(town):
    return town.ask("a3", "kate", "activity", "internal_inquiry", "I-LEAK")


@refused("field-beyond-purpose", an_inquiry_into_staff_s_own_work)
def audit_asks_for_the_suspect_s_address(town):
    return town.ask("a3", "u-leaker", "ip:exact", "internal_inquiry", "I-STAFF")


@refused(f"field-beyond-purpose {_MIXED}", an_inquiry_into_staff_s_own_work, waits="directory")
def audit_asks_for_the_suspect_s_address_in_a_case_that_names_her(town):
    return town.ask("a3", "u-leaker", "ip:network", "internal_inquiry", "I-LEAK")


@refused(f"{_INQUIRY} {_MIXED} protected-person case-not-assigned region-differs case-opened-by-principal", an_inquiry_into_staff_s_own_work, waits="directory")  # fmt: skip
def the_head_of_audit_does_it_herself(town):
    town.case("I-LEAK", opened_by="head")
    return town.ask("head", "kate", "ip:exact", "internal_inquiry", "I-LEAK")


@refused(
    "function-not-accepted case-not-assigned region-differs protected-person", the_takeover_of_a_customer_s_account
)
def audit_borrows_a_fraud_case(town):
    return town.ask("a1", "kate", "ip:exact", "fraud_review", "F-KATE")


@refused("function-not-accepted protected-person", the_takeover_of_a_customer_s_account)
def audit_has_a_fraud_case_assigned_to_it(town):
    town.case("F-KATE", assignee="a4")
    return town.ask("a4", "kate", "ip:exact", "fraud_review", "F-KATE")


@refused("case-opened-by-principal person-named-by-principal function-not-accepted protected-person", the_takeover_of_a_customer_s_account)  # fmt: skip
def audit_makes_a_fraud_case_up(town):
    town.new_case("F-66", "fraud_report", "kate", opened_by="a4", assignee="a4", opened=town.ago(hours=2))
    return town.ask("a4", "kate", "ip:exact", "fraud_review", "F-66")


@refused("function-not-accepted protected-person", the_takeover_of_a_customer_s_account)
def a_purpose_of_another_function(town):
    town.case("T-KATE", queue="fraud-ie")
    return town.ask("finn", "kate", "ip:network", "subject_request", "T-KATE")


@refused("purpose-unknown protected-person", the_takeover_of_a_customer_s_account)
def a_purpose_in_one_s_own_words(town):
    return town.ask("finn", "kate", "ip:exact", "checking on a leak", "F-KATE")


@refused("purpose-unknown protected-person", the_takeover_of_a_customer_s_account)
def a_purpose_that_looks_like_one(town):
    return town.ask("finn", "kate", "ip:exact", "fraud_revi\u0435w", "F-KATE")  # a Cyrillic letter


_CHAPTERS.append("Nobody else either: her takeover without the signatures that it needs")


@refused("protected-person", the_takeover_of_a_customer_s_account)
def her_takeover_in_the_right_hands_without_any_signature(town):
    return town.ask("finn", "kate")


@refused("protected-person", a_customer_asks_and_support_answers)
def support_answers_her_without_any_signature(town):
    return town.ask("ana", "kate", "ip:network", "subject_request", "T-KATE")


@refused("protected-person", a_reported_message_is_reviewed_for_safety)
def safety_reads_her_messages_without_any_signature(town):
    return town.ask("sam", "kate", "messages", "safety_review", "S-KATE")


@refused("region-differs", the_takeover_of_a_customer_s_account)
def a_customer_of_another_region_without_its_steward(town):
    return town.ask("finn", "otto", "ip:exact", "fraud_review", "F-OTTO")


@refused("region-differs protected-person", the_takeover_of_a_customer_s_account)
def a_journalist_of_another_region(town):
    return town.ask("finn", "uma", "ip:exact", "fraud_review", "F-UMA")


@refused("region-differs", the_takeover_of_a_customer_s_account)
def a_reviewer_who_moved_to_another_country(town):
    town.staff("finn", country="US")
    return town.ask("finn", "owen", "ip:exact", "fraud_review", "F-OWEN")


_CHAPTERS.append("The case")


@refused("case-missing", the_takeover_of_a_customer_s_account)
def no_case_at_all(town):
    return town.ask("finn", "owen", case=None)


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_that_nobody_knows(town):
    return town.ask("finn", "owen", case="F-999")


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_in_small_letters(town):
    return town.ask("finn", "owen", case="f-owen")


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_with_blanks_around_it(town):
    return town.ask("finn", "owen", case=" F-OWEN ")


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_with_another_dash(town):
    return town.ask("finn", "owen", case="F\u2011OWEN")


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_in_wide_letters(town):
    return town.ask("finn", "owen", case="\uff26-OWEN")


@refused("case-does-not-name-person", the_takeover_of_a_customer_s_account)
def somebody_else_s_case(town):
    return town.ask("finn", "mira", case="F-OWEN")


@refused("case-does-not-name-person protected-person", the_takeover_of_a_customer_s_account)
def her_in_somebody_else_s_case(town):
    return town.ask("finn", "kate", case="F-OWEN")


@refused("case-opened-by-principal", the_takeover_of_her_friend_s_account)
def one_s_own_case(town):
    town.case("F-FRIEND", opened_by="finn")
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("case-opened-by-principal", the_takeover_of_her_friend_s_account)
def a_case_opened_from_one_s_private_account(town):
    town.case("F-FRIEND", opened_by="u-finn")
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("case-opened-by-principal person-named-by-principal", the_takeover_of_her_friend_s_account)
def a_case_opened_by_one_s_household(town):
    town.tables["persons"].append({"person": "wife", "region": "EU", "household": "mill lane 2"})
    town.new_case("F-70", "fraud_report", "kates-friend", opened_by="wife", assignee="finn", opened=town.ago(hours=2))
    return town.ask("finn", "kates-friend", case="F-70")


@refused("case-opener-unknown", the_takeover_of_her_friend_s_account)
def a_case_that_nobody_opened(town):
    town.case("F-FRIEND", opened_by=None)
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("case-just-opened", the_takeover_of_her_friend_s_account)
def a_case_that_a_friend_opened_minutes_before(town):
    town.new_case("F-71", "fraud_report", "kates-friend", opened_by="fay", assignee="finn", opened=town.ago(minutes=9))
    return town.ask("finn", "kates-friend", case="F-71")


@refused("case-not-yet-open", the_takeover_of_her_friend_s_account)
def a_case_of_tomorrow(town):
    town.case("F-FRIEND", opened=town.ago(days=-1))
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("case-requested-by-principal", the_takeover_of_her_friend_s_account)
def a_case_that_one_asked_for_oneself(town):
    town.case("F-FRIEND", requester="finn")
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("case-requested-by-principal", the_takeover_of_her_friend_s_account)
def a_case_that_one_s_household_asked_for(town):
    town.case("F-FRIEND", requester="u-finn")
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("person-named-by-principal", the_takeover_of_a_customer_s_account)
def somebody_added_to_an_old_case_by_oneself(town):
    town.named("F-OWEN", "kates-friend", added_by="finn", added=town.ago(minutes=5))
    return town.ask("finn", "kates-friend", case="F-OWEN")


@refused("person-named-by-principal", the_takeover_of_a_customer_s_account)
def somebody_added_to_an_old_case_by_one_s_household(town):
    town.tables["persons"].append({"person": "wife", "region": "EU", "household": "mill lane 2"})
    town.named("F-OWEN", "kates-friend", added_by="wife", added=town.ago(minutes=5))
    return town.ask("finn", "kates-friend", case="F-OWEN")


@refused("person-named-by-principal protected-person", the_takeover_of_a_customer_s_account)
def she_is_added_to_an_old_case_by_oneself(town):
    town.named("F-OWEN", "kate", added_by="finn")
    return town.ask("finn", "kate", case="F-OWEN")


@refused("person-namer-unknown", the_takeover_of_a_customer_s_account)
def somebody_added_by_nobody_knows_whom(town):
    town.named("F-OWEN", "kates-friend", added_by=None)
    return town.ask("finn", "kates-friend", case="F-OWEN")


@refused("person-named-too-late", the_takeover_of_a_customer_s_account)
def somebody_who_will_be_added(town):
    town.named("F-OWEN", "kates-friend", added=town.ago(hours=-1))
    return town.ask("finn", "kates-friend", case="F-OWEN")


@refused("case-does-not-name-person", the_takeover_of_her_friend_s_account)
def an_edited_case_that_names_her_friend_no_longer(town):
    town.tables["case_persons"] = [r for r in town.tables["case_persons"] if r["case_id"] != "F-FRIEND"]
    town.load()
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("case-type-not-accepted protected-person", a_customer_asks_and_support_answers)
def an_edited_case_of_another_type(town):
    town.case("T-KATE", type="account_takeover")
    return town.ask("ana", "kate", "ip:network", "subject_request", "T-KATE")


@refused("case-type-not-accepted", the_takeover_of_a_customer_s_account)
def a_support_ticket_for_a_fraud_review(town):
    town.case("T-MIRA", queue="fraud-ie")
    return town.ask("finn", "mira", "ip:exact", "fraud_review", "T-MIRA")


@refused("case-closed", the_takeover_of_her_friend_s_account)
def a_case_that_was_closed(town):
    town.case("F-FRIEND", closed=town.ago(hours=1))
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("case-closed", the_takeover_of_her_friend_s_account)
def a_case_that_is_resolved_and_has_no_time_of_closing(town):
    town.case("F-FRIEND", status="Resolved")
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("protected-person", the_takeover_of_her_friend_s_account)
def a_case_that_was_closed_and_is_opened_again(town):
    town.case("F-KATE", closed=town.ago(hours=5))
    town.turn(HOUR)
    town.case("F-KATE", closed=None)
    town.turn(HOUR)
    return town.ask("finn", "kate")


@refused("case-not-assigned", the_takeover_of_her_friend_s_account)
def a_colleague_s_case(town):
    return town.ask("fay", "kates-friend", case="F-FRIEND")


@refused("case-not-assigned", the_takeover_of_her_friend_s_account)
def a_case_that_is_nobody_s(town):
    town.case("F-FRIEND", assignee=None)
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused("protected-person", the_takeover_of_her_friend_s_account)
def a_case_that_one_assigned_to_oneself(town):
    town.case("F-KATE", assignee="fay")
    return town.ask("fay", "kate")


@refused(_MIXED, the_takeover_of_her_friend_s_account, waits="directory")
def staff_s_places_and_outsiders_in_one_case(town):
    town.named("F-FRIEND", "u-leaker", added=town.ago(days=1))
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused(_MIXED, the_takeover_of_her_friend_s_account, waits="directory")
def staff_s_places_and_outsiders_from_the_other_side(town):
    town.named("F-STAFF", "kates-friend", added=town.ago(days=1))
    return town.ask("finn", "u-leaker", case="F-STAFF")


@refused("demand-lists-nothing approvals-missing approval-of-legal-missing", the_takeover_of_a_customer_s_account)
def a_legal_demand_that_lists_nothing(town):
    return town.ask("lena", "owen", "ip:exact", "legal_demand", "L-OWEN")


@refused("sample-not-drawn", a_bug_is_repaired)
def a_sample_that_one_drew_oneself(town):
    return town.ask("quinn", "owen", "messages", "quality_sampling", "Q-OWEN")


_CHAPTERS.append("Who she is to the one who looks")


@refused("own-data own-household case-does-not-name-person", the_takeover_of_a_customer_s_account)
def one_s_own_data(town):
    return town.ask("finn", "u-finn", case="F-OWEN")


@refused("own-household case-requested-by-principal", the_takeover_of_a_customer_s_account)
def one_s_own_household(town):
    town.person("owen", household="mill lane 2")
    return town.ask("finn", "owen", case="F-OWEN")


@refused("own-colleague", the_takeover_of_a_customer_s_account)
def one_s_colleague(town):
    return town.ask("finn", "u-fay", case="F-COLLEAGUE")


@refused("own-reporting-line own-colleague", the_takeover_of_a_customer_s_account)
def one_s_own_boss(town):
    return town.ask("finn", "u-frank", case="F-BOSS")


@refused("own-colleague", the_takeover_of_a_customer_s_account, waits="directory")
def a_colleague_whose_unit_was_renamed_this_morning(town):
    town.staff("fay", unit="fraud-special")
    return town.ask("finn", "u-fay", case="F-COLLEAGUE")


@refused("person-unknown relation-unknown case-does-not-name-person", the_takeover_of_a_customer_s_account)
def her_name_in_capital_letters(town):
    return town.ask("finn", "Kate")


@refused("person-unknown relation-unknown case-does-not-name-person", the_takeover_of_a_customer_s_account)
def her_name_with_a_blank_after_it(town):
    return town.ask("finn", "kate ")


@refused("person-unknown relation-unknown case-does-not-name-person", the_takeover_of_a_customer_s_account)
def her_name_in_other_letters(town):
    return town.ask("finn", "k\u0430te")


@refused("person-unknown relation-unknown case-does-not-name-person", the_takeover_of_a_customer_s_account)
def her_name_with_an_accent_of_its_own(town):
    return town.ask("finn", "kate\u0301")


@refused("region-unknown", the_takeover_of_a_customer_s_account)
def a_person_whose_region_was_deleted(town):
    town.person("owen", region=None)
    return town.ask("finn", "owen", case="F-OWEN")


@refused("person-unknown relation-unknown", the_takeover_of_a_customer_s_account)
def a_person_who_was_deleted_from_the_directory(town):
    town.tables["persons"] = [row for row in town.tables["persons"] if row["person"] != "kate"]
    town.load()
    return town.ask("finn", "kate")


@refused("protected-person", the_takeover_of_a_customer_s_account, waits="directory")
def she_was_taken_off_the_list_yesterday(town):
    town.person("kate", classes=[])
    town.turn(DAY)
    town.load()
    return town.ask("finn", "kate")


_CHAPTERS.append("How it is asked")


@refused("field-beyond-purpose", the_takeover_of_her_friend_s_account)
def one_field_more(town):
    return town.ask("finn", "kates-friend", "ip:exact messages", case="F-FRIEND")


@refused("detail-beyond-purpose", a_customer_asks_and_support_answers)
def more_detail(town):
    return town.ask("ana", "mira", "ip:exact", "subject_request", "T-MIRA")


@refused("detail-not-offered", the_takeover_of_her_friend_s_account)
def less_detail_than_this_house_can_mask_to(town):
    return town.ask("finn", "kates-friend", "ip:country", case="F-FRIEND")


@refused("mode-not-offered", the_takeover_of_her_friend_s_account)
def an_export(town):
    return town.ask("finn", "kates-friend", case="F-FRIEND", mode=Mode.EXPORT)


@refused("mode-not-offered", the_takeover_of_her_friend_s_account)
def a_search(town):
    return town.ask("finn", "kates-friend", case="F-FRIEND", mode=Mode.SEARCH)


@refused("mode-not-offered reverse-look-up", a_customer_asks_and_support_answers)
def a_search_from_an_address_to_people(town):
    return town.ask("ana", "mira", "ip:network", "subject_request", "T-MIRA", mode=Mode.SEARCH)


@refused("mode-not-offered", the_takeover_of_her_friend_s_account)
def a_statistic_of_one(town):
    return town.ask("finn", "kates-friend", case="F-FRIEND", mode=Mode.AGGREGATE)


@refused("mode-not-offered", the_takeover_of_her_friend_s_account)
def signing_in_as_her_friend(town):
    return town.ask("finn", "kates-friend", case="F-FRIEND", mode=Mode.IMPERSONATE)


_CHAPTERS.append("Who asks")


@refused("principal-unknown relation-unknown case-not-assigned", the_takeover_of_a_customer_s_account)
def somebody_whom_nobody_knows(town):
    return town.ask("mallory", "owen", case="F-OWEN")


@refused("principal-unknown relation-unknown case-not-assigned", the_takeover_of_a_customer_s_account)
def the_reviewer_s_name_in_capital_letters(town):
    return town.ask("FINN", "owen", case="F-OWEN")


@refused("function-not-accepted case-not-assigned case-opened-by-principal person-named-by-principal", the_takeover_of_a_customer_s_account)  # fmt: skip
def the_service_account_that_opens_all_cases(town):
    return town.ask("portal", "owen", case="F-OWEN")


@refused("function-not-accepted", the_takeover_of_a_customer_s_account)
def a_service_account_to_which_the_case_was_given(town):
    town.case("F-OWEN", assignee="exporter")
    return town.ask("exporter", "owen", case="F-OWEN")


@refused("principal-inactive", the_takeover_of_a_customer_s_account)
def somebody_who_left_this_morning(town):
    town.staff("finn", valid_to=town.ago(hours=1))
    return town.ask("finn", "owen", case="F-OWEN")


@refused("principal-unknown relation-unknown", the_takeover_of_a_customer_s_account)
def somebody_who_is_not_in_the_tables_any_more(town):
    town.tables["staff"] = [row for row in town.tables["staff"] if row["staff_id"] != "finn"]
    town.load()
    return town.ask("finn", "owen", case="F-OWEN")


@refused("principal-inactive", the_takeover_of_a_customer_s_account)
def somebody_who_will_begin_tomorrow(town):
    town.staff("finn", valid_from=town.ago(days=-1))
    return town.ask("finn", "owen", case="F-OWEN")


@refused("principal-suspended", the_takeover_of_a_customer_s_account)
def somebody_who_is_suspended_in_the_tables(town):
    town.staff("finn", suspended="true")
    return town.ask("finn", "owen", case="F-OWEN")


_CHAPTERS.append("The clocks")


@refused("directory-too-old", the_takeover_of_a_customer_s_account)
def a_directory_that_nobody_confirmed(town):
    town.turn(25 * HOUR)
    return town.ask("finn", "owen", case="F-OWEN")


@refused("clock-went-back", the_takeover_of_a_customer_s_account)
def a_clock_that_was_changed_back(town):
    town.turn(HOUR)
    town.look(town.ask("finn", "owen", case="F-OWEN"))
    town.turn(-MINUTE)
    return town.ask("finn", "owen", case="F-OWEN")
