"""What a person answers to a wait for a signal: buttons, or a form made of its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from durnb.records import dataclass

FieldKind = Literal["text", "number", "integer", "boolean", "choice", "json"]

_KINDS: Final[Mapping[str, FieldKind]] = {"string": "text", "number": "number", "integer": "integer", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A button, and the value (JSON) that it sends."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to fill in; `name` is empty where it is the whole value. Choices of kind "choice" are JSON."""

    name: str
    title: str
    kind: FieldKind
    required: bool = True
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Either choices, each a whole answer, or fields to fill in."""

    choices: tuple[Choice, ...] = ()
    fields: tuple[Field, ...] = ()


APPROVAL: Final = Form(choices=(Choice("Approve", "true"), Choice("Reject", "false")))


def form_of(schema: str) -> Form:
    """The form for a JSON schema (JSON, empty for none). What has no plain form is typed as JSON; the kernel checks every answer anyway."""
    try:
        read: object = json.loads(schema) if schema else {}
    except ValueError:
        read = None
    if not isinstance(read, dict):
        return Form(fields=(_field("", {}),))
    if not read or read.get("type") == "boolean":
        return APPROVAL
    options = read.get("enum")
    if isinstance(options, list) and options:
        return Form(choices=_choices(options))
    properties = read.get("properties")
    if read.get("type") == "object" and isinstance(properties, dict) and properties:
        required = read.get("required") or ()
        return Form(fields=tuple(_field(str(name), one, required=name in required) for name, one in properties.items()))
    return Form(fields=(_field("", read),))


def _field(name: str, schema: object, *, required: bool = True) -> Field:
    plain: Mapping[str, Any] = schema if isinstance(schema, dict) else {}
    title = str(plain.get("title") or name or "value")
    options = plain.get("enum")
    if isinstance(options, list) and options:
        return Field(name=name, title=title, kind="choice", required=required, choices=_choices(options))
    return Field(name=name, title=title, kind=_KINDS.get(str(plain.get("type")), "json"), required=required)


def _choices(options: list[Any]) -> tuple[Choice, ...]:
    return tuple(Choice(one if isinstance(one, str) else json.dumps(one), json.dumps(one)) for one in options)
