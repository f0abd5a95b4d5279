# SPDX-License-Identifier: Apache-2.0
"""The shape of a path: what may be listed of a route that no map names, and holds nobody's id.

    /admin/people/ana.w/export?q=mira   ──▶   /admin/people/{text}/export

Invariant: a segment is shown only if it is a word of the list below or of the map. Letters alone prove nothing: names are
made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_DEEP = 10
_LONGEST = 40

WORDS = frozenset(
    """
    a about access account accounts action actions activity add address addresses admin ads agent agents all analytics api app
    approve apps archive assets attachments audit auth avatar ban bans billing block blocks bulk calls case cases chat chats
    comment comments config contact contacts content conversations count create css csv customer customers dashboard data
    delete details device devices disable dist docs download downloads edit email emails employee employees enable events
    export exports feed feedback file files find flags fonts graph graphql group groups health healthz history home id image
    images img impersonate import inbox index info inquiries internal inspect invoice invoices ip ips jobs js json latest
    list live location locations lock log login logins logout logs lookup mail media member members merge message messages
    metrics moderation new notes notifications order orders organisation organization oauth oidc overview page pages
    password patient patients payment payments pdf people person persons phone phones photo photos ping posts preview
    private profile profiles public queue queues read ready records refresh refund refunds remove report reports reset
    resource resources rest restore reviews risk role roles root rpc safety scim scripts search security send service
    services session sessions settings sign-in sign-ins sign-out signin signins signout sso start static stats status
    stream styles subject subjects subscriptions suggest support suspend system tag tags task tasks team teams test ticket
    tickets timeline token tokens tool tools trace transactions unlock update upload uploads user users v1 v2 v3 v4 verify
    version video videos view webhooks wiki xlsx
    """.split()  # noqa: SIM905  words, to be read as words
) | {"favicon.ico", "robots.txt"}


def shape(parts: Sequence[str], words: Iterable[str]) -> str:
    """`parts` with everything that is no word replaced by what kind of thing it is."""
    known = words if isinstance(words, frozenset) else frozenset(words)
    made = [part if part in known and len(part) <= _LONGEST else _kind(part) for part in parts[:_DEEP]]
    return "/" + "/".join(made) + ("/…" if len(parts) > _DEEP else "")


def _kind(part: str) -> str:
    if not part:
        return ""
    return "{number}" if part.isascii() and part.isdigit() else "{text}"
