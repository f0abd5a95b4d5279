# SPDX-License-Identifier: Apache-2.0
"""A page read strictly: every element closed, every table as rows of cells, every drawing as a list of marks."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "col"}


@dataclass
class Element:
    name: str
    attrs: dict[str, str | None]
    parent: "Element | None"
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, name=None, **attrs):
        """Descendants of that name whose attributes have those values (class_="x": one of its classes)."""
        found = []
        for child in self.children:
            wanted = attrs.get("class_")
            if (
                (name is None or child.name == name)
                and (wanted is None or wanted in (child.attrs.get("class") or "").split())
                and all(child.attrs.get(k) == v for k, v in attrs.items() if k != "class_")
            ):
                found.append(child)
            found += child.all(name, **attrs)
        return found

    def one(self, name=None, **attrs):
        (found,) = self.all(name, **attrs)
        return found

    @property
    def text(self):
        return "".join(self.texts)


class Page(HTMLParser):
    """Raises AssertionError where an element is closed out of order or not at all."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {}, None)
        self.feed(text)
        self.close()
        assert self.here is self.root, f"<{self.here.name}> is never closed"

    def handle_starttag(self, tag, attrs):
        assert len({k for k, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, dict(attrs), self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag, attrs):
        # HTML ignores the slash of <p/>; inside a drawing it closes.
        inside, at = False, self.here
        while at is not None:
            inside, at = inside or at.name == "svg", at.parent
        assert inside, f"<{tag}/> outside a drawing is never closed"
        self.here.children.append(Element(tag, dict(attrs), self.here))

    def handle_endtag(self, tag):
        assert self.here.name == tag, f"</{tag}> closes <{self.here.name}>"
        self.here = self.here.parent

    def handle_data(self, data):
        at = self.here
        while at is not None:
            at.texts.append(data)
            at = at.parent


def rows(table):
    """The body of a table: one list of cell texts a row."""
    return [
        [" ".join(cell.text.split()) for cell in row.children if cell.name in {"td", "th"}]
        for row in table.one("tbody").all("tr")
    ]
