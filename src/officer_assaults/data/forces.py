"""Forces: one short name per force, whatever a file or a user calls it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from officer_assaults import paths
from officer_assaults.data import tables
from officer_assaults.refusals import Refusal, nearest
from officer_assaults.shown import Shown

Kind = Literal["territorial", "transport", "nation"]
ENGLAND_AND_WALES = "england-and-wales"
BRITISH_TRANSPORT_POLICE = "british-transport-police"

# Words that official names add or drop without meaning another force.
_EMPTY_WORDS = {"police", "constabulary", "service", "force", "heddlu", "the", "of", "and"}


@dataclass(frozen=True, slots=True)
class Force(Shown):
    """A police force, or England and Wales.

    Parameters
    ----------
    slug : str
        Short name, for instance ``"thames-valley"``.
    name : str
        Name for readers, for instance ``"Thames Valley"``.
    kind : {"territorial", "transport", "nation"}
        The 43 territorial forces, British Transport Police, or England and Wales with it.
    geo_code, region : str
        ONS area code and region; empty where there is none.
    """

    slug: str
    name: str
    kind: Kind
    geo_code: str = ""
    region: str = ""


def slugs(kind: Kind | None = None) -> list[str]:
    """Short names, sorted; of one kind, or of the 43 territorial forces, BTP and the nation."""
    return sorted(force.slug for force in _all() if kind in (None, force.kind))


def names() -> dict[str, str]:
    """Reader's name of every short name."""
    return {force.slug: force.name for force in _all()}


def resolve(text: str | Force) -> Force:
    """Force that a text names: short name, official name, or another known spelling.

    Raises
    ------
    Refusal
        E101, with the nearest known name, if the text names no force.

    Examples
    --------
    >>> resolve("City of London Police").slug
    'london-city'
    """
    if isinstance(text, Force):
        return text
    found = _by_key().get(_key(text))
    if found is None:
        known = [force.slug for force in _all()] + [force.name for force in _all()]
        raise Refusal.of("E101", f"'{text}' is not a police force.", _suggestion(text, known))
    return found


def find(text: str) -> Force | None:
    """Like :func:`resolve`, but None where the text names no force."""
    return _by_key().get(_key(text))


def _suggestion(text: str, known: list[str]) -> str:
    hint = nearest(text, known)
    return hint if hint.startswith("Did you mean") else f"Known: {', '.join(slugs())}."


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", str(text)).casefold().replace("&", " and ")
    words = re.findall(r"[a-z0-9]+", plain)
    telling = sorted(word for word in words if word not in _EMPTY_WORDS)
    return " ".join(telling)


def _all() -> tuple[Force, ...]:
    return _read(str(paths.data_dir()))


def _by_key() -> dict[str, Force]:
    return _keys(str(paths.data_dir()))


@lru_cache(maxsize=4)
def _read(folder: str) -> tuple[Force, ...]:
    frame = tables.load("forces").fillna("")
    return tuple(
        Force(slug, name, cast(Kind, kind), code, region)
        for slug, name, kind, code, region in frame.astype(str).to_numpy()
    )


@lru_cache(maxsize=4)
def _keys(folder: str) -> dict[str, Force]:
    known = {force.slug: force for force in _read(folder)}
    keys = {_key(force.slug): force for force in known.values()}
    keys |= {_key(force.name): force for force in known.values()}
    aliases = tables.load("force-names")
    keys |= {
        _key(alias): known[slug]
        for alias, slug in zip(aliases["alias"], aliases["force"], strict=True)
    }
    return keys


def spoken(slug: str) -> str:
    """Name of a force as a sentence has it: "the City of London", not "London, City of"."""
    first, comma, rest = names()[slug].partition(", ")
    name = f"{rest} {first}" if comma else first
    article = comma or name.endswith(" Police") or name.startswith("City of ")
    return f"the {name}" if article else name
