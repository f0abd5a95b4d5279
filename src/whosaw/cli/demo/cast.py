# SPDX-License-Identifier: Apache-2.0
"""Who is who at the invented company, in words: for the narrator and the page, after names were unsealed."""

from __future__ import annotations

from whosaw.simulate.summer.company import Company

_CITY = {"IE": "Dublin", "US": "Austin"}


class Cast:
    """Units and roles of staff, and what customers are to the journalists."""

    def __init__(self, company: Company) -> None:
        self._staff = {each.staff_id: each for each in company.staff}
        self._persons = {each.person: each for each in company.persons}
        self._links = company.links

    def unit(self, principal: str) -> str:
        """`Internal audit, Dublin`."""
        who = self._staff[principal]
        unit = who.unit.removesuffix("-ie").removesuffix("-us").replace("-", " ").capitalize()
        return f"{unit}, {_CITY[who.country]}"

    def about(self, person: str) -> str:
        """What the story knows of a customer: journalist, or `source of tilde.brandt`, or a private account of staff."""
        classes = self._persons[person].classes
        if "press" in classes:
            return "journalist"
        if "staff" in classes:
            return "private account of a colleague"
        for link in self._links:
            if person == link.b:
                return f"{link.how} of {link.a}"
        return "customer"
