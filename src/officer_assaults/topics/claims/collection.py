"""Collection: claims as rows of a small YAML or CSV file, read strictly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from officer_assaults import paths
from officer_assaults.data import bounds, forces, readers, tables
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.refusals import Problem, Problems, Refusal, kind_of, nearest, told_once
from officer_assaults.topics.claims import said
from officer_assaults.topics.claims.figures import OFFENCES

COLLECTION = "claims/collection.yml"
#: Unknown fields of one row that are told one by one.
MOST_UNKNOWN = 5
LEDGER = "evidence/ledger"
MOST_CLAIMS = 500
MOST_BYTES = 1_000_000
HOW_READ = ("read directly", "second hand")
BY = ("", "count", "rate")
KINDS: Mapping[str, tuple[str, ...]] = {
    "change": ("force", "from", "to", "says"),
    "count": ("force", "to", "says"),
    "rate": ("force", "to", "says", "per"),
    "rank": ("force", "to", "says"),
    "share": ("force", "to", "says"),
    "survey": ("says",),
    "document": (),
    "log": ("settle",),
}
PER = ("day", "week", "month")
#: Fields that only some kinds have a use for: in another they would be passed over.
ONLY = {
    "from": ("change", "survey", "document", "log"),
    "offences": ("change", "count", "rate", "rank", "share"),
    "per": ("rate",),
    "by": ("rank",),
}
_RENAMED = {"from": "start", "to": "end"}
#: Names of the fields as files and commands write them.
OUTER = {inner: outer for outer, inner in _RENAMED.items()}


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, as its row says it.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    force : str
        Short name, or ``"england-and-wales"``.
    start, end : FinancialYear or None
        Earlier year of a change, and the year claimed about.
    says : str
        The figure as it was said, for instance ``"+12%"`` or ``"1,057"``.
    offences : str
        What is counted: all, without injury, with injury.
    per : str
        Unit of time of a rate.
    by : str
        Of a rank: by count, by rate, or not said.
    id, quotation, publisher, date, address : str
        What the claim is called, the words, and where they stand.
    how_read : str
        Whether the page was read directly.
    evidence : str
        Row of the evidence ledger that bears on it, of a survey, document or log.
    settle : str
        What would settle a claim that no published record can.
    """

    kind: str
    force: str = ""
    start: FinancialYear | None = None
    end: FinancialYear | None = None
    says: str = ""
    offences: str = "all"
    per: str = ""
    by: str = ""
    id: str = ""
    quotation: str = ""
    publisher: str = ""
    date: str = ""
    address: str = ""
    how_read: str = "read directly"
    evidence: str = ""
    settle: str = ""


def own() -> list[Claim]:
    """Claims of the project's own collection."""
    return read(paths.data_dir() / COLLECTION)


def read(path: Path) -> list[Claim]:
    """Read the claims of a file.

    Parameters
    ----------
    path : Path
        CSV, or YAML with a list of mappings; one row per claim, fields of :class:`Claim` with
        ``from`` and ``to`` for the years.

    Raises
    ------
    Refusal
        E124 for a file that cannot be read; E126 for each row that is no claim of a known kind,
        with its field; E101 and E106 for forces and years.
    """
    rows = _rows(path)
    problems = Problems(path.name)
    claims = [claim for at, row in rows if (claim := make(row, problems, at)) is not None]
    _check_ids(claims, problems)
    problems.found = _folded(problems.found)
    problems.raise_if_any()
    return claims


def make(row: Mapping[str, Any], problems: Problems, at: int | None = None) -> Claim | None:
    """Make a claim of a row, or note what is wrong with it.

    Parameters
    ----------
    row : mapping
        Field to text.
    problems : Problems
        Where problems are noted.
    at : int, optional
        Row of the file.
    """
    known = [_outer(field.name) for field in fields(Claim)]
    texts = {str(key): _text(value) for key, value in row.items()}
    before = len(problems.found)
    for name, value in row.items():
        if isinstance(value, (dict, list, set, bytes)) and name is not None:
            what = f"'{name}' is not text or a number."
            problems.add("E126", what, "Write it on one line, in quotes.", row=at, column=str(name))
    _refuse_fields([name for name in texts if name not in known], known, problems, at)
    kind = texts.get("kind", "")
    if kind not in KINDS:
        problems.add("E126", f"'{kind}' is no kind of claim.",
                     f"The kinds are {', '.join(KINDS)}.", row=at, column="kind")  # fmt: skip
        return None
    _check_fields(kind, texts, problems, at)
    _check_words(texts, problems, at)
    made = _typed(texts, problems, at)
    return Claim(**made) if len(problems.found) == before else None


def _refuse_fields(
    unknown: Sequence[str], known: Sequence[str], problems: Problems, at: int | None
) -> None:
    """Note fields that no claim has; of many in one line, as in a table of something else."""
    if len(unknown) > MOST_UNKNOWN:
        shown = ", ".join(f"'{name}'" for name in unknown[:MOST_UNKNOWN])
        what = f"no fields are called {shown}, and {len(unknown) - MOST_UNKNOWN:,} more."
        problems.add("E126", what, f"Known: {', '.join(known)}.", row=at)
        return
    for name in unknown:
        problems.add("E126", f"no field is called '{name}'.", nearest(name, known), row=at)


def _folded(found: Sequence[Problem]) -> list[Problem]:
    """Tell what is wrong with many rows once, and of a header each of its names."""
    kept: dict[tuple[str, ...], list[Problem]] = {}
    for problem in found:
        is_header = problem.what.startswith("no field")
        kept.setdefault((*kind_of(problem), problem.what if is_header else ""), []).append(problem)
    return [told_once(same, len(same)) for same in kept.values()]


def _typed(texts: Mapping[str, str], problems: Problems, at: int | None) -> dict[str, Any]:
    made: dict[str, Any] = {_RENAMED.get(name, name): text for name, text in texts.items() if text}
    for name, convert in (("force", _slug), ("start", financial_year), ("end", financial_year)):
        if made.get(name):
            try:
                made[name] = convert(made[name])
            except Refusal as refusal:
                told = refusal.problems[0]
                problems.add(told.code, told.what, told.remedy, row=at, column=_outer(name))
    first, last = made.get("start"), made.get("end")
    if (
        isinstance(first, FinancialYear)
        and isinstance(last, FinancialYear)
        and first.first >= last.first
    ):
        what = f"'{first}' is not before '{last}'."
        problems.add("E106", what, "Give the earlier year as from.", row=at, column="from")
    return made


def _check_fields(kind: str, texts: Mapping[str, str], problems: Problems, at: int | None) -> None:
    for name in KINDS[kind]:
        if not texts.get(name):
            problems.add("E126", f"a claim of the kind '{kind}' needs '{name}'.",
                         f"Fill in {', '.join(KINDS[kind])}.", row=at, column=name)  # fmt: skip
    for name, kinds in ONLY.items():
        if texts.get(name) and kind not in kinds:
            problems.add("E126", f"a claim of the kind '{kind}' has no '{name}'.",
                         f"Leave it out, or choose the kind {' or '.join(kinds)}.",
                         row=at, column=name)  # fmt: skip
    row = texts.get("evidence", "")
    if row and row not in set(tables.load(LEDGER)["id"]):
        problems.add("E126", f"the evidence ledger has no row '{row}'.",
                     "The page of evidence lists the rows; leave it out if none bears on it.",
                     row=at, column="evidence")  # fmt: skip


def _check_words(texts: Mapping[str, str], problems: Problems, at: int | None) -> None:
    for name, known in (("offences", tuple(OFFENCES)), ("by", BY), ("per", ("", *PER)),
                        ("how_read", HOW_READ)):  # fmt: skip
        text = texts.get(name, "")
        if text and text not in known:
            problems.add("E126", f"'{text}' is not allowed here.", nearest(text, list(known)),
                         row=at, column=name)  # fmt: skip
    address = texts.get("address", "")
    if address and not address.casefold().startswith(("https://", "http://")):
        problems.add("E126", f"'{address[:60]}' is no address.", "Begin it with https://.",
                     row=at, column="address")  # fmt: skip
    says = texts.get("says", "")
    if says and (told := said.fault(texts.get("kind", ""), says)):
        problems.add("E126", *told, row=at, column="says")


def _check_ids(claims: Iterable[Claim], problems: Problems) -> None:
    seen: set[str] = set()
    for claim in claims:
        if claim.id and claim.id in seen:
            problems.add("E105", f"the id '{claim.id}' stands twice.", "Give each claim its own.",
                         column="id")  # fmt: skip
        seen.add(claim.id)


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    problems = Problems(path.name)
    bounds.check_size(path)
    with bounds.steady(path):
        found = _list_of(path, problems)
    if not found or len(found) > MOST_CLAIMS:
        problems.add("E126", f"the file holds {len(found)} claims.", f"Give 1 to {MOST_CLAIMS}.")
        problems.raise_if_any()
    return found


def _list_of(path: Path, problems: Problems) -> list[tuple[int, dict[str, Any]]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            problems.add("E124", "the file is larger than a megabyte.", "Give claims alone.")
            problems.raise_if_any()
        found = _yaml(path) if path.suffix.lower() in (".yml", ".yaml") else _csv(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        told = (str(error).strip() or type(error).__name__).splitlines()[0]
        problems.add("E124", f"the file cannot be read: {told}.",
                     "Give UTF-8 text: CSV with a header, or a YAML list of claims.")  # fmt: skip
        raise Refusal(problems.found) from None
    if not isinstance(found, list) or not all(isinstance(row, dict) for _, row in found):
        problems.add(
            "E124", "the file is no list of claims.", "Begin each claim with '- kind: ...'."
        )
        problems.raise_if_any()
    rows: list[tuple[int, dict[str, Any]]] = found
    return rows


class _TextLoader(yaml.BaseLoader):
    """Loader that leaves every value as it is written, and refuses what would be lost or grow."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [str(key.value) for key, _ in node.value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"'{twice[0]}' stands twice in the claim of line {line}")
        return super().construct_mapping(node, deep)


def _yaml(path: Path) -> Any:
    loaded = yaml.load(readers.read_text(path), Loader=_TextLoader)  # noqa: S506 -- plain text
    if not isinstance(loaded, list):
        return None
    return [(at, row) for at, row in enumerate(loaded, start=1)]


def _csv(path: Path) -> Any:
    cells = readers.read_cells(path)
    running = cells.apply(lambda column: column.str.contains("\n")).any(axis=1)
    if running.any():
        line = int(cells.index[running][0])
        what = "a cell runs on into the next line."
        remedy = "Look for a quotation mark without its partner, and write each claim on one line."
        raise Refusal.of("E124", what, remedy, path.name, line)
    return [(int(str(line)), dict(row)) for line, row in cells.to_dict("index").items()]


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list | set) else str(value).strip()


def _slug(text: str) -> str:
    return forces.resolve(text).slug


def _outer(name: str) -> str:
    return OUTER.get(name, name)
