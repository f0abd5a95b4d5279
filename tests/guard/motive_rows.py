# SPDX-License-Identifier: Apache-2.0
"""The variants of the motive case, one function each, and their honest twins.

    @refused("rules that speak", twin)    the name of the function says what is tried; it changes the town, and returns the look
    @permitted                            the same kind of look, as it ought to be asked

What a row says of rules is everything that speaks, no rule more and none less.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.guard.motive import DAY, HOUR, MINUTE, SELF_MADE, Town

from whosaw.directory.kept import Outcome
from whosaw.errors import BadInput, IdempotencyConflict, Unavailable, WhosawError
from whosaw.guard.answer import Shown
from whosaw.guard.quota_count import InMemory
from whosaw.model.access import Look, Mode


@dataclass(frozen=True)
class Row:
    """What is tried, what speaks against it (nothing: it is permitted), and which twin is permitted."""

    does: Callable[[Town], Look]
    rules: frozenset[str]
    twin: "Row | None" = None
    signed: frozenset[str] = frozenset()  # why those who were asked to sign could not
    chapter: str = ""
    waits: str = ""  # for which part of the guard; such a row is not run yet

    @property
    def name(self) -> str:
        return self.does.__name__

    @property
    def says(self) -> str:
        """The name as it is read: `her_friend_s_case` is "her friend's case"."""
        return self.name.replace("_s_", "'s ").replace("_", " ")


class Uncounted(InMemory):
    """Counters behind a database that does not answer."""

    def take(self, lanes, at):
        raise Unavailable("the quotas cannot be read", part="quota")


class Gone:
    """Whatever it stands for: it does not answer."""

    def __getattr__(self, _):
        def gone(*_):
            raise Unavailable("it does not answer", part="somewhere")

        return gone


VARIANTS: list[Row] = []
TWINS: list[Row] = []
_CHAPTERS: list[str] = []
# Parts of the guard that are not there yet: rows that need them are listed by `pending`, and run once they are.
MISSING: frozenset[str] = frozenset()


def permitted(does: Callable[[Town], Look] | None = None, *, waits: str = ""):
    def made(does: Callable[[Town], Look]) -> Row:
        row = Row(does, frozenset(), waits=waits)
        TWINS.append(row)
        return row

    return made if does is None else made(does)


def refused(rules: str, twin: Row, *, signed: str = "", waits: str = ""):
    def made(does: Callable[[Town], Look]) -> Row:
        row = Row(does, frozenset(rules.split()), twin, frozenset(signed.split()), _CHAPTERS[-1], waits)
        VARIANTS.append(row)
        return row

    return made


@dataclass(frozen=True)
class Stopped:
    """A question that is not even decided: `error` says which error, and of it nothing is recorded."""

    does: Callable[[Town], Look]
    error: type[WhosawError]
    twin: Row

    name, says = Row.name, Row.says


STOPPED: list[Stopped] = []


def stopped(error: type[WhosawError], twin: Row):
    def made(does: Callable[[Town], Look]) -> Stopped:
        row = Stopped(does, error, twin)
        STOPPED.append(row)
        return row

    return made


def pending() -> list[str]:
    return [row.name for row in (*VARIANTS, *TWINS) if set(row.waits.split()) & MISSING]


def ready(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not set(row.waits.split()) & MISSING]


# ── the honest twins ──


@permitted
def her_takeover_signed_by_a_steward_and_an_overseer(town):
    return town.signed(town.ask("finn", "kate", "ip:exact device"))


@permitted
def support_answers_her_signed_by_two(town):
    return town.signed(town.ask("ana", "kate", "ip:network", "subject_request", "T-KATE"))


@permitted
def safety_reads_what_she_reported_signed_by_two(town):
    return town.signed(town.ask("sam", "kate", "messages", "safety_review", "S-KATE"))


@permitted
def a_takeover_in_another_region_signed_by_its_steward(town):
    look = town.ask("finn", "otto", case="F-OTTO")
    town.give(town.request(look, stewards=1), "pete", "steward")
    return look


@permitted
def a_journalist_of_another_region_signed_by_its_steward_and_an_overseer(town):
    look = town.ask("finn", "uma", case="F-UMA")
    request = town.request(look, everything=True)
    town.give(request, "pete", "steward")
    town.oversee(request)
    return look


@permitted
def an_incident_that_a_colleague_of_another_unit_signed(town):
    look = town.ask("sec", "owen", "ip:exact", "incident_response", "N-1")
    town.give(town.request(look), "pia")
    return look


@permitted
def an_incident_at_night_by_whoever_is_on_call(town):
    return town.ask("sec", "owen", "ip:exact", "incident_response", "N-1", break_glass=True)


@permitted
def a_legal_demand_within_its_list_signed_by_two(town):
    look = town.ask("lena", "owen", "ip:exact profile", "legal_demand", "L-OWEN")
    request = town.request(look)
    town.give(request, "leo", "legal")
    town.give(request, "pete")
    return look


@permitted
def her_takeover_the_next_day_with_signatures_of_its_own(town):
    town.look(town.signed(town.ask("finn", "kate")))
    town.turn(DAY)
    town.load()
    return town.signed(town.ask("finn", "kate"))


@permitted
def the_takeover_of_a_customer_s_account(town):
    return town.ask("finn", "owen", "ip:exact device payment:last4", "fraud_review", "F-OWEN")


@permitted
def a_customer_asks_and_support_answers(town):
    return town.ask("ana", "mira", "ip:network device", "subject_request", "T-MIRA")


@permitted
def an_inquiry_into_staff_s_own_work(town):
    return town.ask("a3", "u-leaker", "activity", "internal_inquiry", "I-STAFF")


@permitted
def a_reported_message_is_reviewed_for_safety(town):
    return town.ask("sam", "owen", "messages contacts:relation", "safety_review", "S-OWEN")


@permitted
def a_bug_is_repaired(town):
    return town.ask("eve", "owen", "ip:network device", "service_repair", "B-OWEN")


@permitted
def the_takeover_of_her_friend_s_account(town):
    return town.ask("finn", "kates-friend", "ip:exact", "fraud_review", "F-FRIEND")


_CHAPTERS.append("The watchers say what they are")

_INQUIRY = "field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces"
_MIXED = "places-of-staff-and-outsiders"


@refused(f"{_INQUIRY} {_MIXED} protected-person", an_inquiry_into_staff_s_own_work)
def audit_asks_for_her_address_in_its_own_inquiry(town):
    return town.ask("a3", "kate", "ip:exact", "internal_inquiry", "I-LEAK")


@refused(
    f"{_INQUIRY} {_MIXED} protected-person case-not-assigned region-differs",
    an_inquiry_into_staff_s_own_work,
    waits="directory",
)
def audit_of_the_other_country_asks(town):
    return town.ask("a1", "kate", "ip:network", "internal_inquiry", "I-LEAK")


@refused(f"{_INQUIRY} {_MIXED}", an_inquiry_into_staff_s_own_work)
def audit_takes_her_friend_who_is_on_no_list(town):
    return town.ask("a3", "kates-friend", "ip:exact", "internal_inquiry", "I-LEAK")


@refused(f"{_INQUIRY} {_MIXED}", an_inquiry_into_staff_s_own_work)
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


@refused(f"field-beyond-purpose {_MIXED}", an_inquiry_into_staff_s_own_work)
def audit_asks_for_the_suspect_s_address_in_a_case_that_names_her(town):
    return town.ask("a3", "u-leaker", "ip:network", "internal_inquiry", "I-LEAK")


@refused(f"{_INQUIRY} {_MIXED} protected-person case-not-assigned region-differs case-opened-by-principal", an_inquiry_into_staff_s_own_work)  # fmt: skip
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


@refused("region-differed", the_takeover_of_a_customer_s_account)
def a_customer_of_another_region_who_was_brought_home_an_hour_before(town):
    town.person("otto", region="IE")
    town.turn(HOUR)
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
    return town.ask("finn", "owen", case=town.its("F-OWEN").lower())


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_with_blanks_around_it(town):
    return town.ask("finn", "owen", case=f" {town.its('F-OWEN')} ")


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_with_another_dash(town):
    return town.ask("finn", "owen", case=town.its("F-OWEN").replace("-", "\u2011"))


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_case_in_wide_letters(town):
    return town.ask("finn", "owen", case=town.its("F-OWEN").replace("F", "\uff26"))


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
    town.unnamed("F-FRIEND")
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


@refused(_MIXED, the_takeover_of_her_friend_s_account)
def staff_s_places_and_outsiders_in_one_case(town):
    town.named("F-FRIEND", "u-leaker", added=town.ago(days=1))
    return town.ask("finn", "kates-friend", case="F-FRIEND")


@refused(_MIXED, the_takeover_of_her_friend_s_account)
def staff_s_places_and_outsiders_from_the_other_side(town):
    town.named("F-STAFF", "kates-friend", added=town.ago(days=1))
    return town.ask("finn", "u-leaker", case="F-STAFF")


@refused("demand-lists-nothing approvals-missing approval-of-legal-missing", the_takeover_of_a_customer_s_account)
def a_legal_demand_that_lists_nothing(town):
    town.named("L-OWEN", "owen", fields=None)
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


@refused("own-colleague", the_takeover_of_a_customer_s_account)
def a_colleague_whose_unit_was_renamed_this_morning(town):
    town.staff("fay", unit="fraud-special")
    return town.ask("finn", "u-fay", case="F-COLLEAGUE")


@refused("own-family", the_takeover_of_a_customer_s_account)
def one_s_own_friend(town):
    town.link("u-finn", "owen", "friend")
    return town.ask("finn", "owen", case="F-OWEN")


@refused("own-family", the_takeover_of_a_customer_s_account)
def a_friend_who_was_taken_out_of_the_tables_yesterday(town):
    town.link("u-finn", "owen", "friend")
    town.tables["links"].pop()
    town.load()
    return town.ask("finn", "owen", case="F-OWEN")


@refused("own-household", the_takeover_of_a_customer_s_account)
def a_household_that_one_moved_out_of_yesterday(town):
    town.person("mira", household="mill lane 2")
    town.named("F-OWEN", "mira", added=town.ago(days=1))
    town.turn(DAY)
    town.person("mira", household=None)
    return town.ask("finn", "mira", case="F-OWEN")


@refused("own-reporting-line own-colleague", the_takeover_of_a_customer_s_account)
def a_boss_who_is_nobody_s_boss_since_yesterday(town):
    town.staff("finn", manager="olga", unit="fraud-special")
    return town.ask("finn", "u-frank", case="F-BOSS")


@permitted
def an_account_that_shares_a_device_with_a_reported_one(town):
    town.link("mira", "owen", "device")
    return town.ask("finn", "mira", "ip:exact", case="F-OWEN")


@refused("case-does-not-name-person", an_account_that_shares_a_device_with_a_reported_one)
def her_friend_by_way_of_her_own_case(town):
    return town.ask("finn", "kates-friend")


@refused("case-does-not-name-person", an_account_that_shares_a_device_with_a_reported_one)
def her_son_by_way_of_her_own_case(town):
    return town.ask("finn", "kates-son")


@refused("case-does-not-name-person", an_account_that_shares_a_device_with_a_reported_one)
def her_friend_by_way_of_her_own_case_when_she_was_taken_off_the_list(town):
    town.person("kate", classes=[])
    return town.ask("finn", "kates-friend")


@refused("case-does-not-name-person", a_customer_asks_and_support_answers)
def a_linked_account_for_another_purpose(town):
    town.link("owen", "mira", "device")
    return town.ask("ana", "owen", "ip:network", "subject_request", "T-MIRA")


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


@refused("protected-person", the_takeover_of_a_customer_s_account)
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


@refused("export-not-requested", a_customer_asks_and_support_answers)
def an_export_that_the_person_did_not_ask_for(town):
    town.case("T-MIRA", requester="owen")
    return town.ask("ana", "mira", "ip:network", "subject_request", "T-MIRA", mode=Mode.EXPORT)


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


@refused("facts-unavailable", the_takeover_of_a_customer_s_account)
def a_directory_that_does_not_answer(town):
    town.here.guard._directory = Gone()
    return town.ask("finn", "owen", case="F-OWEN")


@refused("facts-unavailable", the_takeover_of_a_customer_s_account)
def an_answer_of_the_case_s_system_that_cannot_be_kept(town):
    town.here.guard._cases = Gone()
    return town.ask("finn", "owen", case="F-OWEN")


@refused("protected-person", her_takeover_signed_by_a_steward_and_an_overseer)
def signatures_that_cannot_be_read(town):
    look = town.signed(town.ask("finn", "kate"))
    town.here.guard._approvals = Gone()
    return look


# ── signatures ──


@refused("case-system-silent", the_takeover_of_a_customer_s_account)
def a_ticket_system_that_does_not_answer(town):
    town.sighted("F-OWEN", Outcome.SILENT)
    return town.ask("finn", "owen", case="F-OWEN")


@refused("case-system-silent", the_takeover_of_a_customer_s_account)
def a_ticket_that_was_seen_yesterday_and_not_since(town):
    town.sighted("F-OWEN", Outcome.SEEN)
    town.turn(HOUR)
    return town.ask("finn", "owen", case="F-OWEN")


@refused("case-unknown", the_takeover_of_a_customer_s_account)
def a_ticket_that_its_system_does_not_know_though_a_table_does(town):
    town.sighted("F-OWEN", Outcome.UNKNOWN)
    return town.ask("finn", "owen", case="F-OWEN")


@refused("case-system-silent protected-person", her_takeover_signed_by_a_steward_and_an_overseer)
def a_ticket_system_that_does_not_answer_about_her(town):
    town.sighted("F-KATE", Outcome.SILENT)
    return town.ask("finn", "kate")


_CHAPTERS.append("Signatures")
her_takeover = her_takeover_signed_by_a_steward_and_an_overseer


@refused("protected-person", her_takeover, signed="line common-manager same-unit gains")
def signed_by_one_s_boss(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look), "frank")
    return look


@refused("protected-person", her_takeover, signed="line")
def signed_by_the_boss_of_one_s_boss(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look), "olga")
    return look


@refused("protected-person", her_takeover, signed="common-manager same-unit gains")
def signed_by_the_colleague_at_the_next_desk(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look), "fay")
    return look


@refused("protected-person", her_takeover, signed="common-manager sister-unit")
def signed_in_a_sister_unit_under_one_boss(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look), "hana")
    return look


@refused("protected-person", her_takeover, signed="sister-unit")
def signed_in_a_sister_unit_by_somebody_far_down(town):
    town.case("F-KATE", assignee="fritz")
    look = town.ask("fritz", "kate")
    town.give(town.request(look), "ben")
    return look


@refused("protected-person", her_takeover, signed="same same-unit common-manager gains party")
def signed_by_oneself(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look), "finn")
    return look


@refused("protected-person", her_takeover, signed="tied")
def signed_by_one_s_second_staff_id(town):
    town.tables["staff"].append({**town.row("staff", staff_id="pia"), "staff_id": "finn-2", "own_person": "u-finn"})
    town.load()
    look = town.ask("finn", "kate")
    town.give(town.request(look), "finn-2")
    return look


@refused("protected-person", her_takeover, signed="tied")
def signed_by_one_s_husband(town):
    town.staff("pia", household="mill lane 2")
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover)
def signed_by_a_colluder_in_the_other_country(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look), "fred")
    return look


@refused("function-not-accepted protected-person", her_takeover, signed="common-manager sister-unit")
def audit_signs_for_audit_across_the_ocean(town):
    town.case("F-KATE", assignee="a4")
    look = town.ask("a4", "kate")
    town.give(town.request(look), "a1")
    return look


@refused("function-not-accepted protected-person", her_takeover, signed="line common-manager")
def the_head_of_audit_signs_for_audit(town):
    town.case("F-KATE", assignee="a4")
    look = town.ask("a4", "kate")
    town.give(town.request(look), "head")
    return look


@refused(f"{_INQUIRY} {_MIXED} protected-person", an_inquiry_into_staff_s_own_work, signed="common-manager gains sister-unit")  # fmt: skip
def audit_s_own_unit_signs_its_inquiry(town):
    town.case("I-LEAK", opened_by="a1")
    look = town.ask("a3", "kate", "ip:exact", "internal_inquiry", "I-LEAK")
    town.give(town.request(look), "a2")
    return look


@refused(f"{_INQUIRY} {_MIXED}", an_inquiry_into_staff_s_own_work)
def an_inquiry_that_even_an_overseer_signed(town):
    return town.signed(town.ask("a3", "kate", "ip:exact", "internal_inquiry", "I-LEAK"))


@refused("protected-person", her_takeover, signed="common-manager same-unit gains")
def signed_by_one_of_a_unit_that_was_reorganised_yesterday(town):
    town.staff("fay", unit="privacy-ie", manager="paul")
    town.turn(DAY)
    town.load()
    look = town.ask("finn", "kate")
    town.give(town.request(look), "fay")
    return look


@refused("protected-person", her_takeover, signed="common-manager same-unit gains")
def signed_by_one_who_was_moved_away_between_request_and_signature(town):
    look = town.ask("finn", "kate")
    request = town.request(look)
    town.staff("fay", unit="privacy-ie", manager="paul")
    town.give(request, "fay")
    return look


@refused("protected-person", her_takeover, signed="party")
def signed_by_one_who_opened_the_case(town):
    town.case("F-KATE", opened_by="pia")
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover, signed="party gains")
def signed_by_one_who_had_the_case_before(town):
    town.case("F-KATE", assignee="pia")
    town.case("F-KATE", assignee="finn")
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover, signed="party")
def signed_by_one_of_her_household(town):
    town.staff("pia", household="canal row 3")
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover, signed="returned")
def a_favour_that_is_returned(town):
    town.give(town.request(town.ask("pia", "owen", "ip:exact", "legal_demand", "L-OWEN")), "finn")
    town.turn(29 * DAY)
    town.load()
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover, signed="favour-by-way-of")
def a_favour_that_comes_back_by_way_of_a_third(town):
    town.give(town.request(town.ask("leo", "owen", "ip:exact", "legal_demand", "L-OWEN")), "finn")
    town.give(town.request(town.ask("pia", "owen", "ip:exact", "legal_demand", "L-OWEN")), "leo")
    town.turn(20 * DAY)
    town.load()
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover, signed="approver-left")
def signed_by_one_who_has_left(town):
    town.staff("pia", valid_to=town.ago(hours=1))
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover, signed="approver-suspended")
def signed_by_one_who_is_suspended(town):
    town.staff("pia", suspended="true")
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover, signed="approver-unknown unit-unknown")
def signed_by_somebody_whom_nobody_knows(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look), "mallory")
    return look


@refused("protected-person", her_takeover)
def signed_by_one_who_left_afterwards(town):
    look = town.signed(town.ask("finn", "kate"))
    town.staff("pia", valid_to=town.ago(minutes=1))
    return look


@refused("protected-person", her_takeover)
def signed_by_one_who_was_suspended_afterwards(town):
    look = town.signed(town.ask("finn", "kate"))
    town.staff("pia", suspended="true")
    return look


@refused("protected-person", her_takeover, signed="directory-stale")
def signed_while_the_directory_is_stale(town):
    look = town.ask("finn", "kate")
    town.turn(25 * HOUR)
    request = town.request(look)
    town.give(request, "pia")
    town.load()
    return look


@refused("protected-person", her_takeover, signed="no-steward")
def signed_by_the_steward_of_another_region(town):
    look = town.ask("finn", "kate")
    town.give(town.request(look, everything=True), "pete", "steward")
    return look


@refused("protected-person", her_takeover, signed="An-approver-counts-once.")
def signed_twice_by_one_as_two_things(town):
    look = town.ask("finn", "kate")
    request = town.request(look, everything=True)
    town.give(request, "pia", "steward")
    town.give(request, "pia")
    return look


@refused("protected-person", her_takeover)
def signed_by_two_inside_and_nobody_outside(town):
    look = town.ask("finn", "kate")
    request = town.request(look, independent=2)
    town.give(request, "pia")
    town.give(request, "leo")
    return look


@refused("protected-person", her_takeover)
def signed_by_an_overseer_alone(town):
    look = town.ask("finn", "kate")
    town.oversee(town.request(look, overseers=1))
    return look


@refused("protected-person", her_takeover)
def an_overseer_signs_twice(town):
    look = town.ask("finn", "kate")
    town.oversee(town.request(look, overseers=1))
    town.oversee(town.request(town.again(look), overseers=1))
    return look


@refused("protected-person", her_takeover, signed="no-overseer")
def an_overseer_whom_one_made_oneself(town):
    look = town.ask("finn", "kate")
    request = town.request(look, everything=True)
    town.give(request, "pia", "steward")
    town.oversee(request, key=SELF_MADE)
    return look


@refused("protected-person", her_takeover, signed="signature")
def an_overseer_s_signature_for_another_look(town):
    elsewhere = town.request(town.ask("finn", "owen", case="F-OWEN"), overseers=1)
    look = town.ask("finn", "kate")
    request = town.request(look, everything=True)
    town.give(request, "pia", "steward")
    town.oversee(elsewhere, carried_to=request)
    return look


@refused("protected-person", her_takeover)
def an_overseer_whose_key_was_revoked(town):
    look = town.signed(town.ask("finn", "kate"))
    town.revoke()
    return look


@refused("protected-person", her_takeover, signed="An-overseer-signs-with-a-key-of-their-own:-whosaw-overseer-sign.")
def somebody_inside_signs_as_an_overseer(town):
    look = town.ask("finn", "kate")
    request = town.request(look, everything=True)
    town.give(request, "pia", "steward")
    town.give(request, "leo", "overseer")
    return look


@refused("protected-person", her_takeover_the_next_day_with_signatures_of_its_own)
def old_signatures_are_used_again(town):
    look = town.signed(town.ask("finn", "kate"))
    town.look(look)
    return town.again(look)


@refused("protected-person", her_takeover_the_next_day_with_signatures_of_its_own)
def signatures_that_have_run_out(town):
    look = town.signed(town.ask("finn", "kate"))
    town.turn(23 * HOUR + 59 * MINUTE)
    town.load()
    town.turn(2 * MINUTE)
    return look


@refused("protected-person", her_takeover, signed="This-request-is-over.")
def a_request_that_was_not_answered_in_time(town):
    look = town.ask("finn", "kate")
    request = town.request(look, everything=True)
    town.turn(12 * HOUR + MINUTE)
    town.give(request, "pia", "steward")
    town.oversee(request)
    return look


@refused("protected-person", her_takeover)
def signatures_that_were_withdrawn(town):
    look = town.signed(town.ask("finn", "kate"))
    town.withdraw("finn")
    return look


@refused("protected-person", her_takeover)
def a_signature_that_was_taken_back(town):
    look = town.signed(town.ask("finn", "kate"))
    town.take_back("pia")
    return look


@refused("protected-person", her_takeover)
def signatures_for_another_person_of_the_same_case(town):
    town.signed(town.ask("finn", "jonas", case="F-BOTH"))
    return town.ask("finn", "kate", case="F-BOTH")


@refused("protected-person", her_takeover)
def signatures_for_one_field_less(town):
    town.signed(town.ask("finn", "kate", "ip:exact"))
    return town.ask("finn", "kate", "ip:exact profile")


@refused("protected-person", her_takeover)
def signatures_for_less_detail(town):
    town.signed(town.ask("finn", "kate", "ip:network"))
    return town.ask("finn", "kate", "ip:exact")


@refused("protected-person", her_takeover)
def signatures_for_more_than_is_asked_for(town):
    town.signed(town.ask("finn", "kate", "ip:exact profile"))
    return town.ask("finn", "kate", "ip:exact")


@refused("protected-person", her_takeover)
def signatures_for_another_case(town):
    town.signed(town.ask("finn", "kate", case="F-KATE"))
    return town.ask("finn", "kate", case="F-BOTH")


@refused("protected-person", her_takeover)
def signatures_for_a_colleague(town):
    town.signed(town.ask("finn", "kate"))
    town.case("F-KATE", assignee="fay")
    return town.ask("fay", "kate")


@refused("mode-not-offered", her_takeover)
def signatures_for_an_export(town):
    return town.signed(town.ask("finn", "kate", mode=Mode.EXPORT))


@refused("mode-not-offered protected-person", her_takeover)
def an_export_with_signatures_for_a_look(town):
    town.signed(town.ask("finn", "kate"))
    return town.ask("finn", "kate", mode=Mode.EXPORT)


@refused("region-differs", a_journalist_of_another_region_signed_by_its_steward_and_an_overseer)
def an_overseer_and_a_colleague_and_no_steward(town):
    look = town.ask("finn", "uma", case="F-UMA")
    request = town.request(look, independent=2, overseers=1)
    town.give(request, "pia")
    town.oversee(request)
    return look


# ── signatures excuse nothing else ──

_CHAPTERS.append("With all signatures in the world, and one thing wrong")


@refused("case-closed", her_takeover)
def the_case_was_closed_meanwhile(town):
    look = town.signed(town.ask("finn", "kate"))
    town.case("F-KATE", closed=town.ago(minutes=1))
    return look


@refused("case-not-assigned", her_takeover)
def the_case_was_given_to_a_colleague_meanwhile(town):
    look = town.signed(town.ask("finn", "kate"))
    town.case("F-KATE", assignee="fay")
    return look


@refused("case-does-not-name-person", her_takeover)
def the_case_names_her_no_longer(town):
    look = town.signed(town.ask("finn", "kate"))
    town.unnamed("F-KATE")
    return look


@refused("case-opened-by-principal person-named-by-principal", her_takeover)
def a_case_of_one_s_own_with_all_signatures(town):
    town.new_case("F-67", "fraud_report", "kate", opened_by="finn", assignee="finn", opened=town.ago(hours=2))
    return town.signed(town.ask("finn", "kate", case="F-67"))


@refused("function-not-accepted", her_takeover)
def audit_with_all_signatures(town):
    town.case("F-KATE", assignee="a4")
    return town.signed(town.ask("a4", "kate"))


@refused("field-beyond-purpose", her_takeover)
def one_field_more_with_all_signatures(town):
    return town.signed(town.ask("finn", "kate", "ip:exact messages"))


@refused("detail-beyond-purpose", support_answers_her_signed_by_two)
def more_detail_with_all_signatures(town):
    return town.signed(town.ask("ana", "kate", "ip:exact", "subject_request", "T-KATE"))


@refused("own-household", her_takeover)
def one_s_own_household_with_all_signatures(town):
    town.staff("finn", household="canal row 3")
    return town.signed(town.ask("finn", "kate", case="F-BOTH"))


@refused("principal-inactive protected-person", her_takeover)
def one_who_left_with_all_signatures(town):
    look = town.signed(town.ask("finn", "kate"))
    town.staff("finn", valid_to=town.ago(minutes=1))
    return look


@refused("principal-suspended protected-person", her_takeover)
def one_who_was_suspended_with_all_signatures(town):
    look = town.signed(town.ask("finn", "kate"))
    town.staff("finn", suspended="true")
    return look


@refused("directory-too-old", her_takeover)
def a_stale_directory_with_all_signatures(town):
    town.turn(20 * HOUR)
    look = town.signed(town.ask("finn", "kate"))
    town.turn(5 * HOUR)
    return look


# ── breaking the glass ──

_CHAPTERS.append("Breaking the glass")
at_night = an_incident_at_night_by_whoever_is_on_call


@refused("break-glass-not-for-purpose protected-person", at_night)
def the_glass_is_broken_for_a_purpose_that_does_not_allow_it(town):
    town.tables["assignments"].append({"staff_id": "finn", "scope_kind": "on_call", "scope": "fraud"})
    town.load()
    return town.ask("finn", "kate", break_glass=True)


@refused("break-glass-not-on-call approvals-missing", at_night)
def the_glass_is_broken_by_one_who_is_not_on_call(town):
    town.case("N-1", assignee="seth")
    return town.ask("seth", "owen", "ip:exact", "incident_response", "N-1", break_glass=True)


@refused("break-glass-not-on-call approvals-missing", at_night)
def the_glass_is_broken_by_one_whose_shift_is_over(town):
    town.row("assignments", staff_id="sec")["to"] = town.ago(minutes=1)
    town.load()
    return town.ask("sec", "owen", "ip:exact", "incident_response", "N-1", break_glass=True)


@refused("protected-person", at_night)
def the_glass_is_broken_for_her(town):
    return town.ask("sec", "kate", "ip:exact", "incident_response", "N-1", break_glass=True)


@refused("region-differs", at_night)
def the_glass_is_broken_for_a_person_of_another_region(town):
    town.named("N-1", "otto", added=town.ago(days=1))
    return town.ask("sec", "otto", "ip:exact", "incident_response", "N-1", break_glass=True)


@refused("case-missing", at_night)
def the_glass_is_broken_without_a_case(town):
    return town.ask("sec", "owen", "ip:exact", "incident_response", None, break_glass=True)


@refused("break-glass-owes-review approvals-missing", at_night)
def the_glass_is_broken_again_and_nobody_reviewed_the_first_time(town):
    town.look(town.ask("sec", "owen", "ip:exact", "incident_response", "N-1", break_glass=True))
    town.turn(24 * HOUR + MINUTE)
    town.load()
    return town.ask("sec", "owen", "ip:exact", "incident_response", "N-1", break_glass=True)


@permitted
def an_incident_at_night_once_the_last_one_was_reviewed(town):
    look = town.ask("sec", "owen", "ip:exact", "incident_response", "N-1", break_glass=True)
    town.look(look)
    town.turn(24 * HOUR + MINUTE)
    town.load()
    town.review()
    return town.again(look)


@refused("break-glass-owes-review approvals-missing", an_incident_at_night_once_the_last_one_was_reviewed, signed="common-manager same-unit gains")  # fmt: skip
def the_glass_is_broken_again_and_the_next_desk_reviewed_the_first_time(town):
    look = town.ask("sec", "owen", "ip:exact", "incident_response", "N-1", break_glass=True)
    town.look(look)
    town.turn(24 * HOUR + MINUTE)
    town.load()
    town.review("seth")
    return town.again(look)


@refused("approvals-missing", an_incident_that_a_colleague_of_another_unit_signed)
def an_incident_without_any_signature(town):
    return town.ask("sec", "owen", "ip:exact", "incident_response", "N-1")


@refused("approvals-missing", an_incident_that_a_colleague_of_another_unit_signed, signed="common-manager same-unit gains")  # fmt: skip
def an_incident_that_the_next_desk_signed(town):
    look = town.ask("sec", "owen", "ip:exact", "incident_response", "N-1")
    town.give(town.request(look), "seth")
    return look


@refused(
    "approvals-missing approval-of-legal-missing",
    a_legal_demand_within_its_list_signed_by_two,
    waits="directory",
    signed="no-legal",
)
def a_legal_demand_that_no_lawyer_signed(town):
    look = town.ask("lena", "owen", "ip:exact profile", "legal_demand", "L-OWEN")
    request = town.request(look)
    town.give(request, "fred", "legal")
    town.give(request, "fred")
    town.give(request, "sven")
    return look


@refused(
    "approvals-missing approval-of-legal-missing",
    a_legal_demand_within_its_list_signed_by_two,
    waits="directory",
    signed="line",
)
def a_legal_demand_signed_by_one_s_own_line(town):
    look = town.ask("lena", "owen", "ip:exact profile", "legal_demand", "L-OWEN")
    town.give(town.request(look), "greta", "legal")
    return look


@refused("field-not-listed-in-case", a_legal_demand_within_its_list_signed_by_two)
def a_legal_demand_beyond_its_list(town):
    look = town.ask("lena", "owen", "ip:exact messages", "legal_demand", "L-OWEN")
    request = town.request(look)
    town.give(request, "leo", "legal")
    town.give(request, "pete")
    return look


# ── how many, and who was stopped ──

_CHAPTERS.append("Many small looks, and who was stopped")


@permitted
def the_twentieth_of_twenty_colleagues_in_an_inquiry(town):
    return town.many(20)[-1]


@refused("quota-purpose", the_twentieth_of_twenty_colleagues_in_an_inquiry)
def an_inquiry_into_one_person_more_than_a_day_allows(town):
    *before, last = town.many(21)
    assert all(isinstance(town.look(look), Shown) for look in before)
    return last


@refused("quota-principal", the_takeover_of_a_customer_s_account)
def one_look_more_than_an_hour_allows(town):
    town.limit(looks_an_hour=3)
    look = town.ask("finn", "owen", case="F-OWEN")
    for _ in range(3):
        town.look(town.again(look))
    return look


@refused("quota-principal", the_takeover_of_a_customer_s_account)
def trying_names_until_one_is_permitted(town):
    town.limit(attempts_an_hour=4)
    for whom in ("kate", "jonas", "uma", "mira"):
        town.look(town.ask("finn", whom, case="F-OWEN"))
    return town.ask("finn", "owen", case="F-OWEN")


@refused("quota-unit", the_takeover_of_a_customer_s_account)
def one_look_more_than_the_unit_may(town):
    town.limit(unit_looks_a_day=2)
    for _ in range(2):
        town.look(town.ask("fay", "owen", case="F-FAY"))
    return town.ask("finn", "owen", case="F-OWEN")


@refused("quota-person", the_takeover_of_a_customer_s_account)
def the_same_person_looked_at_by_everybody(town):
    town.limit(person_looks_a_day=2)
    town.look(town.ask("fay", "owen", case="F-FAY"))
    town.look(town.ask("sam", "owen", "messages", "safety_review", "S-OWEN"))
    return town.ask("finn", "owen", case="F-OWEN")


@refused("quota-unread", the_takeover_of_a_customer_s_account)
def quotas_that_cannot_be_read(town):
    town.limit(Uncounted())
    return town.ask("finn", "owen", case="F-OWEN")


@refused("quota-principal", her_takeover)
def signatures_do_not_make_a_quota_longer(town):
    town.limit(looks_an_hour=1)
    town.look(town.ask("finn", "owen", case="F-OWEN"))
    return town.signed(town.ask("finn", "kate"))


@refused("principal-suspended", the_takeover_of_a_customer_s_account)
def somebody_who_was_stopped_by_a_command(town):
    town.suspend("finn")
    return town.ask("finn", "owen", case="F-OWEN")


@refused("principal-suspended", the_takeover_of_a_customer_s_account, signed="requester-suspended same same-unit line common-manager")  # fmt: skip
def somebody_stopped_lifts_it_with_their_boss(town):
    town.suspend("finn")
    town.lift("finn", "finn", "frank")
    return town.ask("finn", "owen", case="F-OWEN")


@refused("principal-suspended", the_takeover_of_a_customer_s_account, signed="same-unit line common-manager")
def somebody_stopped_whom_their_own_unit_lifts(town):
    town.suspend("finn")
    town.lift("finn", "fay", "frank")
    return town.ask("finn", "owen", case="F-OWEN")


@refused("protected-person", her_takeover, signed="approver-suspended")
def signed_by_one_who_was_stopped_by_a_command(town):
    town.suspend("pia", by="sven")
    look = town.ask("finn", "kate")
    town.give(town.request(look), "pia")
    return look


@refused("protected-person", her_takeover)
def signed_by_one_who_was_stopped_afterwards(town):
    look = town.signed(town.ask("finn", "kate"))
    town.suspend("pia", by="sven")
    return look


@stopped(Unavailable, the_takeover_of_a_customer_s_account)
def what_was_shown_before_to_one_who_was_stopped_since(town):
    look = town.ask("finn", "owen", case="F-OWEN")
    town.look(look)
    town.suspend("finn")
    return look


@stopped(Unavailable, the_takeover_of_a_customer_s_account)
def the_open_session_of_one_who_has_left(town):
    look = town.ask("finn", "owen", case="F-OWEN")
    town.look(look)
    town.staff("finn", valid_to=town.ago(minutes=1))
    return look


# ── the same key again ──

_CHAPTERS.append("The same key again")


@refused("protected-person", her_takeover)
def a_refused_look_again_under_its_key_once_it_is_signed(town):
    look = town.ask("finn", "kate")
    town.look(look)
    return town.signed(look)


@refused("case-not-assigned protected-person", her_takeover)
def a_colleague_s_key_for_what_the_colleague_was_shown(town):
    look = town.signed(town.ask("finn", "kate"))
    town.look(look)
    return replace(look, principal="fay")


@stopped(IdempotencyConflict, her_takeover)
def the_key_of_a_permitted_look_with_her_name(town):
    look = town.ask("finn", "owen", case="F-OWEN")
    town.look(look)
    return replace(look, person="kate")


@stopped(IdempotencyConflict, her_takeover)
def the_key_of_a_permitted_look_with_one_field_more(town):
    look = town.signed(town.ask("finn", "kate", "device"))
    town.look(look)
    return replace(town.ask("finn", "kate", "ip:exact device"), key=look.key)


@stopped(IdempotencyConflict, her_takeover)
def the_key_of_a_permitted_look_with_more_detail(town):
    look = town.signed(town.ask("finn", "kate", "ip:network"))
    town.look(look)
    return replace(town.ask("finn", "kate", "ip:exact"), key=look.key)


@stopped(IdempotencyConflict, her_takeover)
def the_key_of_a_permitted_look_with_another_case(town):
    look = town.signed(town.ask("finn", "kate"))
    town.look(look)
    return replace(town.ask("finn", "kate", case="F-BOTH"), key=look.key)


@stopped(IdempotencyConflict, her_takeover)
def the_key_of_a_permitted_look_as_an_export(town):
    look = town.signed(town.ask("finn", "kate"))
    town.look(look)
    return replace(look, mode=Mode.EXPORT)


@stopped(BadInput, her_takeover)
def a_field_twice(town):
    return town.ask("finn", "kate", "ip:network ip:exact")


@stopped(BadInput, her_takeover)
def a_detail_that_no_field_has(town):
    return town.ask("finn", "kate", "ip:street")


@stopped(BadInput, her_takeover)
def a_field_that_nobody_knows(town):
    return town.ask("finn", "kate", "address")


@stopped(BadInput, her_takeover)
def an_exact_place_without_saying_how_exact(town):
    return town.ask("finn", "kate", "ip")


@stopped(BadInput, her_takeover)
def no_field_at_all(town):
    return town.ask("finn", "kate", "")


@stopped(BadInput, her_takeover)
def her_name_with_a_line_break(town):
    return town.ask("finn", "kate\n")


@stopped(BadInput, her_takeover)
def her_name_with_half_a_letter(town):
    return town.ask("finn", "kate\ud800")


@stopped(BadInput, her_takeover)
def her_name_in_the_id_of_the_look(town):
    return town.ask("finn", "kate", look_id="kate of the paper")


@stopped(BadInput, the_takeover_of_a_customer_s_account)
def a_second_staff_row_for_oneself_with_another_function(town):
    town.tables["staff"].append({**town.row("staff", staff_id="a4"), "function": "fraud"})
    town.load()
    return town.ask("a4", "owen", case="F-OWEN")


@stopped(BadInput, her_takeover)
def a_second_row_of_her_that_is_on_no_list(town):
    town.tables["persons"].append({"person": "kate", "region": "EU"})
    town.load()
    return town.ask("finn", "kate")
