"""An attacker with the built files of public reports and the official tables, and nothing else."""

import dataclasses
import hashlib
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from attacks import ATTACKS, CREWING, claims_of, crews, number, read_dots, tables_of
from bs4 import BeautifulSoup
from built import NOTEBOOKS, build, result_of, text_of
from canaries import canary_cells, write_export
from scipy.optimize import linprog

from officer_assaults.cli import own_exports
from officer_assaults.pipeline.notebooks import Notebook
from officer_assaults.refusals import Refusal
from officer_assaults.stats import glm
from officer_assaults.topics.crewing import door, given, published, queries
from officer_assaults.topics.crewing.data.reader import _cell_cautions, _release, load
from officer_assaults.topics.crewing.model.cells import prepare, two_arms
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.simulator.params import ForceParams

FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
BUILT = 200 if FULL else 1
NEAR = 0.2
#: The hours that the policy of doubling nights moves.
NIGHT = ("night", "early")
DIAGRAM = "{data.adjustment}"
CELLS = Path(__file__).parents[1] / "topics" / "crewing" / "cells.csv"
PLANNING = "08_planning"
QUICK = {"irr_grid": [0.8], "trial_months": [24]}
#: Settings of a public report; each is made of protected cells alone.
SETTINGS = {
    "default": (CREWING, {}),
    "formula": (CREWING, {"formula": "dark_share + backup_c"}),
    "clusters": (CREWING, {"cluster": "beat", "alpha": 0.1}),
    "policies": (CREWING, {"policies": ["all_double", "double_nights"]}),
    "window": (CREWING, {}),
    "outcome": (CREWING, {"outcome": "injury"}),
    "plan": (PLANNING, QUICK),
}


@pytest.fixture(scope="module")
def whole():
    return canary_cells(ForceParams(), beats=2)


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as made:
        yield made


def planted(cells, seed):
    """From 1 to 9 victims alone at night, injured alone, after a double crew, in one far beat."""
    rng = np.random.default_rng(seed)
    out = cells.copy()
    single, multi = ((out["crew"] == crew).to_numpy() for crew in ("single", "multi"))
    night = single & out["hour_band"].isin(NIGHT).to_numpy()
    far = single & (out["beat"] == sorted(out["beat"].unique())[0]).to_numpy()
    out.loc[night | far | multi, ["y", "y_injury"]] = 0
    for rows in (night & ~far, far & ~night, multi):
        chosen = rng.choice(np.flatnonzero(rows), rng.integers(1, 10), replace=False)
        out.iloc[chosen, out.columns.get_loc("y")] = 1
    out.loc[out["beat"] == sorted(out["beat"].unique())[0], "backup_min"] = 39.0
    out.loc[single, "y_injury"] = 0
    hurt = rng.choice(np.flatnonzero(single & (out["y"] > 0)), rng.integers(1, 10), replace=False)
    out.iloc[hurt, out.columns.get_loc("y_injury")] = 1
    after = rng.choice(np.flatnonzero(single & (out["y"] > 0)), rng.integers(1, 10), replace=False)
    out.loc[single, "y_after_double"] = 0
    out.iloc[after, out.columns.get_loc("y_after_double")] = 1
    met = out["incidents_assault"].where(~(single | multi), out["y"])
    return out.assign(
        y_after_double=out["y_after_double"].clip(upper=out["y"]), incidents_assault=met
    )


def truths(cells):
    """Small counts that were planted, by name."""
    by = cells.assign(other=cells["y"] - cells["y_injury"])
    single = by[by["crew"] == "single"]
    found = {
        "alone at night": single.loc[single["hour_band"].isin(NIGHT), "y"].sum(),
        "alone in the far beat": single.loc[single["backup_min"] == 39.0, "y"].sum(),
        "injured alone": single["y_injury"].sum(),
        "larger crews": by.loc[by["crew"] == "multi", "y"].sum(),
        "after a double crew": single["y_after_double"].sum(),
    }
    assert all(1 <= count <= 18 for count in found.values())
    return {name: int(count) for name, count in found.items() if count < door.THRESHOLD}


def official_totals(cells):
    return {"all": float(cells["y"].sum()), "injured": float(cells["y_injury"].sum())}


@pytest.fixture(scope="module")
def built(tmp_path_factory, patch, whole):
    """Cells with planted counts, and the files of the public reports made of them, by seed."""
    kept = {}

    def get(seed):
        if seed not in kept:
            cells = planted(whole, seed)
            path = write_export(tmp_path_factory.mktemp("export"), cells)
            files = build(CREWING, patch, cells_path=str(path), force="kent")
            kept[seed] = SimpleNamespace(cells=cells, path=path, files=files)
        return kept[seed]

    return get


@pytest.mark.parametrize("seed", range(BUILT))
def test_no_planted_count_comes_out_of_the_built_files(built, seed):
    made = built(seed)
    assert truths(made.cells)
    assert recovered(made, made.files) == set()


def recovered(made, files, truth=None):
    truth = truth or truths(made.cells)
    return {
        (attack, name) for attack, name, guess in claims_of(files, official_totals(made.cells))
        if name in truth and abs(guess - truth[name]) <= NEAR * truth[name]
    }  # fmt: skip


@pytest.fixture(scope="module")
def opened(built):
    """The files that the same export would give were the door open."""
    path = built(0).path  # Its own files are made before the door opens.
    with pytest.MonkeyPatch.context() as open_door:
        open_door.setattr(door, "is_own", lambda file: False)
        return build(CREWING, open_door, cells_path=str(path), force="kent")


def test_the_same_attacks_find_counts_where_the_door_stands_open(built, opened):
    """Or what they do not find would say nothing."""
    assert recovered(built(0), opened)
    single, double = (row["Officer-hours"] for row in crews(opened))
    result = result_of(opened, CREWING)
    for one in result["findings"]:
        if one["id"] == "crewing.crude":
            one["value"] = 3 / 31 / single * double
    rows = f"Policy,Avoided\n{POLICIES['double_nights'].label},7\nOther,3\n"
    larger = truths(built(0).cells)["larger crews"]
    leaky = {f"{CREWING}.json": json.dumps(result).encode(), "more.csv": rows.encode(),
             "more.txt": f"and {larger} recorded victims".encode()}  # fmt: skip
    truth = {"injured alone": 3, "alone at night": 7, "alone at one grade by night": 4,
             "larger crews": larger}  # fmt: skip
    found = {attack for attack, _ in recovered(built(0), {**opened, **leaky}, truth)}
    assert found == {attack.__name__ for attack in ATTACKS} - {"shown_counts"}


def test_no_drawing_and_no_download_has_more_digits_than_rounded_counts_support(built, opened):
    """Of all that hangs on the export: places of dots, and cells of the tables behind them."""
    files = built(0).files
    read = 0
    for name in sorted(files.keys() & opened):
        if not name.endswith(".svg"):
            continue
        other = {round(value, 6) for value, _ in read_dots(opened[name])}
        for value, step in read_dots(files[name]):
            if round(value, 6) in other:
                continue  # Of public records, the same whatever the export.
            read += 1
            assert abs(value - float(f"{value:.{queries.DIGITS}g}")) <= step, name
    assert read > 8
    kept = cells_of(opened)
    for place, cell in cells_of(files).items():
        value = number(cell)
        if value == value and kept.get(place) != cell:
            rounded = value % door.ROUND_TO == 0
            assert rounded or value == float(f"{value:.{queries.DIGITS}g}"), (place, cell)


def cells_of(files):
    """Cells of all downloads by what their row and their column are called."""
    return {
        (next(iter(row.values())), column): cell
        for rows in tables_of(files) for row in rows for column, cell in row.items()
    }  # fmt: skip


def test_no_estimate_has_more_digits_than_rounded_counts_support(built):
    """Nine digits of a ratio are those of one pair of whole numbers."""
    files = built(0).files
    own = [one for one in result_of(files, CREWING)["findings"] if "resource log" in
           str(one.get("provenance"))]  # fmt: skip
    assert len(own) > 8
    for one in own:
        for name in ("value", "lower", "upper"):
            assert one[name] is None or one[name] == float(f"{one[name]:.{queries.DIGITS}g}")
    (other,) = (rows for rows in tables_of(files) if "Were records otherwise" in rows[0])
    for row in other:
        assert len(row["Rate ratio"].replace(".", "").strip("0")) <= queries.DIGITS


def test_all_published_numbers_together_leave_ten_values_of_each_hidden_count(built):
    """The solver over the whole page: its sums, the official totals, and what rounding may move."""
    made = built(0)
    (counts,) = (rows for rows in tables_of(made.files) if "With injury" in rows[0])
    shown = [number(row["Recorded victims"]) for row in counts]
    assert [row["With injury"] for row in counts] == ["[c]", "[c]"]
    official = official_totals(made.cells)
    # Injured and others of single, double and larger crews.
    equal = [[1, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 1]]
    arms = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0]])
    slack = 3 * door.ROUND_TO
    least, most = arms @ np.zeros(6) + shown - slack, np.array(shown) + slack
    limits = {"A_eq": equal, "b_eq": [official["injured"], official["all"]],
              "A_ub": np.vstack([arms, -arms]), "b_ub": [*most, *(-least)]}  # fmt: skip
    for hidden in (0, 2, 4, 5):
        goal = np.eye(6)[hidden]
        low = linprog(goal, bounds=(0, None), **limits)
        high = linprog(-goal, bounds=(0, None), **limits)
        assert low.status == high.status == 0
        assert -high.fun - low.fun >= door.THRESHOLD - 1


@pytest.mark.parametrize(("notebook", "more"), [(CREWING, {}), (PLANNING, QUICK)])
def test_a_report_without_any_policy_that_may_be_shown_shows_the_rest(built, patch, notebook, more):
    """And says which policy it leaves out, and why; once it was refused whole."""
    files = build(notebook, patch, cells_path=str(built(0).path), force="kent",
                  policies=["double_far_backup"], **more)  # fmt: skip
    text = " ".join(BeautifulSoup(files[f"{notebook}.html"], "html.parser").main.get_text().split())
    label = POLICIES["double_far_backup"].label
    why = "Not judged in a public report, since too few victims or places lie behind what they move"
    assert f"{why}: {label}." in text
    assert "Rate ratio, single over double" in text or "Rate ratio per officer-hour" in text
    assert not [rows for rows in tables_of(files) if label in {row.get("Policy") for row in rows}]


def alone(cells, about, path, small):
    """What a kernel would be given that never saw the export: protected cells and its sidecar."""
    rows = door.rounded(len(cells))
    release = _release(path, about, rows)
    file = given.CrewFile(
        kind="cells", force="kent", cells=cells, rows=rows, about=about, simulated=False,
        cautions=tuple(_cell_cautions(cells, about)),
        release=type(release)(**{**vars_of(release), "sha256": door.mark(cells, rows)}),
    )  # fmt: skip
    return given.Given(cells, file, releases=(file.release,), small=small, protected=True)


def vars_of(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


@pytest.mark.parametrize("name", SETTINGS if FULL else ["default"])
def test_a_page_is_made_of_protected_cells_alone(built, whole, patch, tmp_path, name):
    """Made again where the export is out of reach, every file is the same to the byte."""
    notebook, more = SETTINGS[name]
    made = built(0)
    path, files, cells = made.path, made.files, made.cells
    if name != "default":
        if name == "window":
            cells = cells[cells["period_start"] != cells["period_start"].max()]
        if name == "outcome":
            half = np.random.default_rng(5).random(len(whole)) < 0.5
            cells = whole.assign(y_injury=whole["y"].where(half, 0))
        path = write_export(tmp_path, cells)
        files = build(notebook, patch, cells_path=str(path), force="kent", **more)
    opened = given.open_cells(str(path), None, "kent", "", 0)
    protected = pd.read_pickle(_pickled(opened.cells, tmp_path))
    clean = alone(protected, opened.file.about, path, opened.small)

    def refuse(*_):
        raise AssertionError("the export was read")

    with pytest.MonkeyPatch.context() as out_of_reach:
        out_of_reach.setattr(given, "open_cells", lambda *_, **__: clean)
        out_of_reach.setattr(given, "load", refuse)
        again = build(notebook, out_of_reach, cells_path=str(path), force="kent", **more)
    assert sorted(again) == sorted(files)
    assert [each for each in files if again[each] != files[each]] == []


def _pickled(cells, folder):
    cells.to_pickle(folder / "protected.pkl")
    return folder / "protected.pkl"


def test_no_hash_lets_anybody_with_the_other_rows_try_out_a_count(built):
    """A colleague has every row but one: of each guess the protected cells could be made again."""
    made = built(0)
    cells = load(made.path).cells
    known = {door.digest(cells), door.digest(door.protect_cells(cells))}
    known |= {
        hashlib.sha256(each).hexdigest()
        for each in (made.path.read_bytes(), door.protect_cells(cells).to_csv(index=False).encode())
    }
    text = text_of(made.files)
    assert door.mark(cells, door.rounded(len(cells)))[:12] in text
    assert [each for each in known if each[:12] in text] == []


@pytest.mark.parametrize("first", range(0, 200 if FULL else 20, 20))
def test_larger_crews_are_not_what_a_known_total_leaves(whole, first):
    """An exact total of official tables, less all that is shown, comes near no count of 1 to 9."""
    for seed in range(first, first + 20):
        cells = planted(whole, seed)
        told = two_arms(door.protect_cells(cells))
        both = two_arms(cells)
        for crew in ("single", "double"):
            # And the price is small: the victims of a crew are right to a five, or two of them.
            off = (
                both.loc[both["crew"] == crew, "y"].sum()
                - told.loc[told["crew"] == crew, "y"].sum()
            )
            assert abs(off) <= 2 * door.ROUND_TO
        few = cells.loc[cells["crew"] == "multi", "y"].sum()
        assert abs(cells["y"].sum() - told["y"].sum() - few) > NEAR * few


def test_other_orders_of_the_same_rows_tell_no_more(whole):
    """Else one export sorted in many ways could be averaged over."""
    mixed = whole.sample(frac=1, random_state=3).reset_index(drop=True)
    keys = [name for name in whole if name not in door.HOURS and not name.startswith("y")]
    keys = [name for name in keys if whole[name].notna().all()]
    one, other = (
        door.protect_cells(cells).sort_values(keys, ignore_index=True) for cells in (whole, mixed)
    )
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("few", range(13))
def test_few_crews_booked_on_otherwise_than_planned_come_out_of_no_share(few):
    """A share of all rows, times the rows, would be their number."""
    file = load(CELLS)
    crews = pd.Index(["single", "double"])
    counts = pd.DataFrame([[400, few], [0, 600]], crews, crews)
    told = door.protected(dataclasses.replace(file, agreement=counts)).agreement
    assert (told is None) == (0 < few < door.THRESHOLD)
    assert told is None or set(told.to_numpy().ravel() % door.ROUND_TO) == {0}


@pytest.mark.parametrize(
    ("formula", "refused"),
    [
        ("dark_share + backup_c", False),
        ("bs(backup_min, df=12)", True),
        ("I((backup_min - 38.9) ** -1)", True),
        ("I((backup_min / 39) ** 80)", True),
        ("C(far)", True),
        ("far", True),
        ("near", True),
        ("near:dark_share + backup_c", True),
        ("even + I(even ** 2)", True),
        ("even", False),
    ],
)
def test_terms_that_pick_out_one_beat_by_its_values_are_refused(built, formula, refused):
    """Without naming a beat: by a spline of narrow pieces, a pole, a high power, a label, or by
    a number that is nearly a label, alone or with others, though no two rows have the same."""
    cells = door.protect_cells(built(0).cells.drop(columns=["marker_share"]))
    few = (cells["hour_band"] == "early") & (cells["period_start"] == cells["period_start"].max())
    rng = np.random.default_rng(1)
    little, sign = rng.normal(0, 0.01, len(cells)), rng.choice([-1, 1], len(cells))
    cells = cells.assign(
        far=(cells["backup_min"] == 39.0).astype(float),
        near=few + little,
        even=np.where(few, 0, sign) + little,
    )
    caught = None
    try:
        queries.check_design(prepare(cells, formula=formula, cluster="beat"))
    except Refusal as refusal:
        caught = refusal
    assert (caught is not None) == refused, formula
    assert caught is None or set(caught.codes) <= {"E121", "E125"}


@pytest.mark.parametrize(
    ("term", "refused"),
    [("single:x_far", True), ("x_far:C(single)", True), ("I(single * x_far)", True),
     ("single:C(x_far)", True), ("single:backup_c", False), ("single:dark_share", False)],
)  # fmt: skip
def test_no_ratio_of_a_public_model_is_that_of_one_place(built, term, refused):
    """Rows of the crew are shown, and so is each term that the crew meets."""
    cells = door.protect_cells(built(0).cells)
    cells = cells.assign(x_far=(cells["backup_min"] == 39.0).astype(float))
    opened = given.Given(cells, protected=True)
    data = prepare(cells)
    model = f"victims ~ single + {data.adjustment} + {term}"
    fit = glm.fit(model, data.rows(), exposure="officer_hours", cluster=data.errors_by)
    if not refused:
        assert opened.follow(data, fit) is data
        return
    with pytest.raises(Refusal) as caught:
        opened.follow(data, fit)
    assert caught.value.codes == ("E121",)


EDITS = {
    "one beat left out": lambda rows: rows[rows["beat"] != rows["beat"].iloc[0]],
    "a column that is one beat": lambda rows: rows.assign(
        dark_share=(rows["beat"] == rows["beat"].iloc[0]).astype(float)
    ),
    "fewer victims": lambda rows: rows.assign(victims=rows["victims"].clip(upper=1)),
    "other hours": lambda rows: rows.assign(officer_hours=rows["officer_hours"] + 1),
}


@pytest.mark.parametrize("edit", ["none", *EDITS])
def test_a_public_model_is_of_the_rows_that_the_page_tells_of(built, edit):
    """The difference of two reports would be the beat that one of them leaves out."""
    cells = door.protect_cells(built(0).cells)
    data = prepare(cells)
    rows = EDITS.get(edit, lambda rows: rows)(data.rows())
    model = f"victims ~ single + {data.adjustment}"
    fit = glm.fit(model, rows, exposure="officer_hours", cluster=data.errors_by)
    opened = given.Given(cells, protected=True)
    if edit == "none":
        assert opened.follow(data, fit) is data
        return
    with pytest.raises(Refusal) as caught:
        opened.follow(data, fit)
    assert caught.value.codes == ("E121",)
    assert given.Given(cells).follow(data, fit) is data


@pytest.mark.parametrize(
    ("second", "refused"),
    [("", False), ("dark_share + backup_c", False), ("dark_share+backup_c", False),
     ("dark_share", True)],
)  # fmt: skip
def test_two_formulas_of_one_export_are_not_both_published(tmp_path, whole, second, refused):
    listed = tmp_path / published.NAME
    published.note(listed, published.entry(whole, 3))
    published.note(listed, published.entry(whole, 3, "dark_share + backup_c"))
    new = published.entry(whole, 3, second)
    if not refused:
        published.check(listed, new)
        return
    with pytest.raises(Refusal) as caught:
        published.check(listed, new)
    assert caught.value.codes == ("E121",)


def test_exports_a_month_apart_are_not_both_published(tmp_path, whole):
    """What the second holds and the first does not is one month."""
    listed = tmp_path / published.NAME
    published.note(listed, published.entry(whole, 1))
    later = whole.assign(
        period_start=pd.to_datetime(whole["period_start"]) + pd.DateOffset(months=1)
    )
    with pytest.raises(Refusal) as caught:
        published.check(listed, published.entry(later, 1))
    assert caught.value.codes == ("E121",)


def planned(path, formulas, shelf="", model=DIAGRAM):
    """A plan of runs on one export, as ``report``, ``reports``, ``sweep`` and ``crewing report``
    make them."""
    held = (
        (NOTEBOOKS / f"{CREWING}.ipynb").read_text().replace("{data.adjustment}", model or DIAGRAM)
    )
    notebook = Notebook(CREWING, Path(), json.loads(held), None)
    runs = [
        SimpleNamespace(
            notebook=notebook,
            parameters={"cells_path": path.name, "about_path": None, "formula": formula},
            shelf=shelf, files={path.name: path}, key=f"kent/{number}",
            path=lambda folder, suffix: path,
        )
        for number, formula in enumerate(formulas)
    ]  # fmt: skip
    return SimpleNamespace(runs=runs)


@pytest.mark.parametrize("cleaned", ["reports", "reports-elsewhere"])
def test_every_command_asks_what_was_published_of_an_export(built, tmp_path, cleaned):
    """Also after reports were cleaned away, and where they are written to another folder."""
    path, reports = built(0).path, tmp_path / "reports"
    project = SimpleNamespace(root=tmp_path, state=reports / ".state", reports=reports)
    first = planned(path, ["", "dark_share"])
    told = own_exports.check(project, first)
    known = {path: told["kent/0"]}
    with own_exports.noted(project, first, told):
        listed = published.read(tmp_path / "runs" / published.NAME)
        assert [one["formula"] for one in listed] == ["", "dark_share"]
    shutil.rmtree(reports, ignore_errors=True)
    again = SimpleNamespace(
        root=tmp_path, state=tmp_path / cleaned / ".state", reports=tmp_path / cleaned
    )
    assert own_exports.check(again, planned(path, ["", "dark_share "]), known)
    edited = planned(path, [""], model=f"{DIAGRAM} + dark_share:weekend")
    for more in (planned(path, ["backup_c"]), planned(path, ["", "dark_share + backup_c"]), edited):
        with pytest.raises(Refusal) as caught:
            own_exports.check(again, more, known)
        assert caught.value.codes == ("E121",)
    assert own_exports.check(again, planned(path, ["backup_c"], shelf="internal")) == {}
    # And within one sweep, before anything was published.
    new = SimpleNamespace(root=tmp_path / "new", state=tmp_path / "new")
    with pytest.raises(Refusal):
        own_exports.check(new, planned(path, ["dark_share", "backup_c"]), known)


def test_an_export_that_brought_about_no_page_is_off_the_list_again(built, tmp_path):
    """A killed batch leaves it on."""
    path = built(0).path
    project = SimpleNamespace(root=tmp_path, state=tmp_path / ".state", reports=tmp_path)
    plan = planned(tmp_path / "absent.csv", ["dark_share"])
    plan.runs[0].files["absent.csv"] = path
    told = own_exports.check(project, plan)
    with own_exports.noted(project, plan, told):
        assert len(published.read(tmp_path / "runs" / published.NAME)) == 1
    assert published.read(tmp_path / "runs" / published.NAME) == []
    shutil.rmtree(tmp_path / "runs")
    (tmp_path / "runs").touch()  # Where no list can be kept with the runs, beside the reports.
    with own_exports.noted(project, plan, told):
        assert len(published.read(tmp_path / ".state" / published.NAME)) == 1
