"""One record element as nested keys and values.

Invariant: an element becomes the same keys whether it happens to stand once or often, with attributes or
without: the adapter's declared fields decide what is a list and what an object. What they have no place for
is refused or reported, never lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.adapters.field_spec import FieldSpec
    from comity.adapters.keys import Level

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


class Unreadable(Exception):
    """This record cannot be kept."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Shape:
    """What the declared fields say of an element: attributes are ``@name``, its own text is ``#text``."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.is_list = self.is_text = self.is_object = False
        self.declared: dict[str, Shape] = {}
        self._by_tag: dict[str, Shape] = {}

    def has(self, name: str) -> bool:
        """Whether an element of that name is declared anywhere inside."""
        return name in self.declared or any(shape.has(name) for shape in self.declared.values())

    def child(self, tag: str) -> Shape:
        """The shape of a child with that tag, declared or not."""
        shape = self._by_tag.get(tag)
        if shape is None:
            name = local_name(tag)
            shape = self._by_tag[tag] = self.declared.get(name) or Shape(name)
        return shape


def declared_shape(fields: Sequence[FieldSpec]) -> Shape:
    """The shape of a record."""
    root = Shape()
    root.is_object = True
    _declare(root, fields)
    return root


def convert(element: Any, shape: Shape, undeclared: set[Level], at: Level = ()) -> Any:
    """``element`` as text, or as keys and values. Attributes nobody declared go into ``undeclared``."""
    content: dict[str, Any] = {}
    for name, value in element.items():
        if not name.startswith(_INSTANCE):
            content["@" + local_name(name)] = value
    text = element.text
    if not len(element):
        if shape.is_object:
            if text and text.strip():
                content["#text"] = text
            return content
        if not content:
            return text
        if shape.is_text:
            undeclared.update((*at, name) for name in content)
            return text
    tails = []
    for child in element:
        tag = child.tag
        if not isinstance(tag, str):
            raise Unreadable("read.xml-entity", f"The record uses an entity: {child.text}")
        if child.tail:
            tails.append(child.tail)
        below = shape.child(tag)
        name = below.name
        value = convert(child, below, undeclared, (*at, name))
        if below.is_list:
            content.setdefault(name, []).append(value)
        elif name not in content:
            content[name] = value
        elif below.is_text or below.is_object:
            raise Unreadable("read.repeated-element", f"The element '{'.'.join((*at, name))}' stands twice")
        else:
            # Undeclared, so it is drift anyway; what matters is that nothing is lost.
            content[name] = [*(content[name] if isinstance(content[name], list) else [content[name]]), value]
    own = ((text or "") + "".join(tails)).strip()
    if own:
        content["#text"] = own
    return content


def _declare(base: Shape, fields: Sequence[FieldSpec]) -> None:
    for field in fields:
        for path in (field.path or field.name, *field.aliases):
            shape = base
            for name in path.split("."):
                shape.is_object = True
                shape = shape.declared.setdefault(name, Shape(name))
            if field.records:
                shape.is_list = shape.is_object = True
                _declare(shape, field.records)
            else:
                shape.is_list |= field.many
                shape.is_text = True


def local_name(tag: str) -> str:
    """Without the namespace."""
    return tag.rpartition("}")[2]
