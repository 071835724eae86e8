"""Ways: short paths through the claims, one for each kind of reader."""

from __future__ import annotations

#: Reader, question, claims that answer it in order, and what would settle what stays open.
WAYS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "For a Federation representative",
        "What can be said in public of the rise, of crewing and of the courts, and stand up?",
        ("bc-01", "bc-03", "bc-14", "rc-04"),
        "Crew of every officer recorded as assaulted, and hours by crew from the same log: the "
        "data request lists the columns. A second register beside crime records would show how "
        "much of the rise is recording.",
    ),
    (
        "For a force commander",
        "Where does the force stand, what should change, and what would a trial need?",
        ("bc-06", "op-01", "bc-13", "op-03"),
        "An audit of how injured officers are classed, evidence grades of cases not charged, and a "
        "crossover trial of crewing between local areas, whose size the planning report works out.",
    ),
    (
        "For a researcher",
        "What is identified, under which assumptions, and how can it be run again?",
        ("bc-13", "op-02", "rc-04", "bc-07"),
        "Linked rows from record to sentence, a register of known true counts for part of the "
        "forces, and a randomised list: each notebook states its estimand, gates and seed, and "
        "runs unchanged.",
    ),
)
