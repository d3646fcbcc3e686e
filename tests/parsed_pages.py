"""An HTML page as a tree, with what Python itself has."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

_EMPTY = {"meta", "input", "br", "link", "img", "hr"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children: list[Element | str] = []

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def __iter__(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child

    def all(self, tag: str = "", of_class: str = "") -> list[Element]:
        return [each for each in self if tag in ("", each.tag) and (not of_class or of_class in each.classes)]

    def one(self, tag: str = "", of_class: str = "") -> Element:
        (found,) = self.all(tag, of_class)
        return found


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.now = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.now)
        self.now.children.append(element)
        if tag not in _EMPTY:
            self.now = element

    def handle_endtag(self, tag: str) -> None:
        assert self.now.tag == tag, f"</{tag}> ends <{self.now.tag}>"
        assert self.now.parent is not None
        self.now = self.now.parent

    def handle_data(self, data: str) -> None:
        self.now.children.append(data)


def parse(text: str) -> Element:
    """Raises AssertionError for elements that are not closed in their order."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    assert parser.now is parser.root
    return parser.root
