"""Which names share mutable state, and so are stored together.

An owner is a name or a notebook definition. An object met by two owners links the names that reach them, with one exception:
definitions that always come together, for the same names, keep what they share among themselves in every stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from durnb.snapshot.survey import DefinitionSurvey, Survey


def reached_definitions(survey: Survey, definitions: Mapping[int, DefinitionSurvey]) -> dict[int, DefinitionSurvey]:
    """Every definition that a name reaches, over others."""
    found: dict[int, DefinitionSurvey] = {}
    queue = list(survey.definitions)
    while queue:
        definition = queue.pop()
        if id(definition) not in found:
            found[id(definition)] = definitions[id(definition)]
            queue += found[id(definition)].whole.definitions
    return found


def linked(surveys: Mapping[str, Survey], definitions: Mapping[int, DefinitionSurvey]) -> list[list[str]]:
    """The names in groups, each in the order of `surveys`."""
    reaching: dict[int, set[str]] = {}
    for name, survey in surveys.items():
        for address in reached_definitions(survey, definitions):
            reaching.setdefault(address, set()).add(name)
    owners: dict[tuple[str, int], list[frozenset[str]]] = {}
    owned_by_classes = _class_owned([*surveys.values(), *(definitions[address].whole for address in reaching)])
    for name, survey in surveys.items():
        for key in _shareable(survey, owned_by_classes):
            owners.setdefault(key, []).append(frozenset((name,)))
    for address, names in reaching.items():
        for key in _shareable(definitions[address].whole, owned_by_classes):
            owners.setdefault(key, []).append(frozenset(names))
    return _joined(list(surveys), owners.values(), set(surveys))


def _shareable(survey: Survey, owned_by_classes: set[int]) -> set[tuple[str, int]]:
    return {("object", address) for address in survey.met if address not in owned_by_classes} | set(survey.memories)


def _class_owned(surveys: Iterable[Survey]) -> set[int]:
    """Addresses of what installed classes hold: it stands in the state of every instance, and is nobody's."""
    kinds = {address: kind for survey in surveys for address, kind in survey.types.items()}
    bases = {id(base): base for kind in kinds.values() for base in kind.__mro__}
    return {id(value) for base in bases.values() if not _is_of_notebook(base) for value in vars(base).values()}


def _is_of_notebook(kind: Any) -> bool:
    return kind.__module__ == "__main__" or "<locals>" in kind.__qualname__


def _joined(names: list[str], owners: Iterable[list[frozenset[str]]], known: set[str]) -> list[list[str]]:
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    for holders in set(map(frozenset, owners)):  # most objects have the same few holders
        if len(holders) > 1:
            first, *rest = sorted(frozenset[str]().union(*holders) & known)
            for other in rest:
                parent[root(other)] = root(first)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(root(name), []).append(name)
    return list(groups.values())
