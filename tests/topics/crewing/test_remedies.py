"""What a message tells a person to do, done to the file: the other rows say what they said."""

import pandas as pd
import pytest
from force_ways import DATED, KNOWN, built, put, sums, with_
from raw_logs import draw

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.intake.propose import propose
from officer_assaults.topics.crewing.intake.write import build_into


@pytest.fixture(autouse=True)
def _own_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OFFICER_ASSAULTS_KEY_FOLDER", str(tmp_path / "secret"))


@pytest.fixture(scope="module")
def tables():
    return dict(zip(DATED, draw(1.4, 5, days=3, start="2023-03-24", base=1 / 40), strict=True))


@pytest.fixture(scope="module")
def wanted(tables, tmp_path_factory):
    return sums(built(tmp_path_factory.mktemp("plain"), put, tables))


def rewritten(name, change):
    """Remedy that changes one file as it lies there."""

    def mend(folder):
        path = folder / f"{name}.csv"
        change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)

    return mend


def told(old, new):
    """Remedy that changes one line of the mapping."""

    def mend(folder):
        path = folder.parent / "mapping.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return mend


def _area_once(folder, tables):
    officers = tables["officers"].sort_values("Area", kind="stable")
    area = officers["Area"].where(~officers["Area"].duplicated(), "")
    put(folder, tables | {"officers": officers.assign(Area=area)})


def _filled_down(frame):
    return frame.assign(Area=frame["Area"].replace("", None).ffill())


def _day_and_time(folder, tables):
    """The time of the assault in a column whose name tells nothing."""
    moment = tables["assaults"]["Committed"]
    apart = tables["assaults"].assign(Committed=moment.str[:10], Begun=moment.str[11:])
    put(folder, tables | {"assaults": apart})


def _page(folder, tables):
    put(folder, tables)
    (folder / "officers.csv").unlink()
    tables["officers"].to_html(folder / "officers.xls", index=False)


def _saved_as_workbook(folder):
    path = folder / "officers.xls"
    frame = pd.read_html(path, converters=dict.fromkeys(range(6), str))[0]
    path.unlink()
    frame.to_excel(folder / "officers.xlsx", index=False)


def _twice(folder, tables):
    crimes = pd.concat([tables["assaults"], tables["assaults"].head(5)])
    put(folder, tables | {"assaults": crimes})


def _unknown_grade(folder, tables):
    grade = tables["incidents"]["Grade"].replace("Scheduled", "Grün")
    put(folder, with_(tables, "incidents", Grade=grade))


#: Fault, what is said of it, and what it tells to do, as a person would do it.
TOLD = {
    "areas named once": (_area_once, "fill it down", rewritten("officers", _filled_down)),
    "a web page": (_page, "save it as a workbook", _saved_as_workbook),
    "victims twice": (
        _twice,
        "Give each officer-victim of a crime one row",
        rewritten("assaults", pd.DataFrame.drop_duplicates),
    ),
    "days and times apart": (
        _day_and_time,
        "Map the column of the time too, as 'Day \\+ Time'",
        told("occurred: Committed ", "occurred: Committed + Begun "),
    ),
    "a word that nobody knows": (
        _unknown_grade,
        "E135 .*values.grade.Grün: is still open",
        told("Grün: ASK", "Grün: other"),
    ),
    "a header twice": (
        lambda f, t: put(f, t | {"officers": t["officers"].rename(columns={"Beat": "Area"})}),
        "Name one of them differently",
        lambda f: (f / "officers.csv").write_text(
            (f / "officers.csv").read_text().replace("Area,Area", "Beat,Area", 1)
        ),
    ),
    "a cell too many": (
        lambda f, t: (
            put(f, t),
            (f / "officers.csv").write_text(
                t["officers"].to_csv(index=False).replace(",U03,", ",U 0,3,", 1)
            ),
        ),
        "Put quotation marks around cells that hold the separator",
        lambda f: (f / "officers.csv").write_text(
            (f / "officers.csv").read_text().replace(",U 0,3,", ',"U03",', 1)
        ),
    ),
    "another way of dates": (
        put,
        "Correct 'dates' in the mapping: they can be read as 'day first'",
        told("dates: iso", "dates: day first"),
    ),
}


@pytest.mark.parametrize("fault", TOLD)
def test_the_remedy_that_a_message_names_spoils_nothing(fault, tables, wanted, tmp_path):
    spoil, message, mend = TOLD[fault]
    wrong = (lambda t: t.replace("dates: day first", "dates: iso")) if spoil is put else str
    with pytest.raises(Refusal, match=message):
        built(tmp_path, spoil, tables, wrong)
    before = (tmp_path / "mapping.yml").exists()
    mend(tmp_path / "in")
    mapping = tmp_path / "mapping.yml"
    if not before or fault in ("a header twice", "a cell too many"):
        text = propose([tmp_path / "in"], tmp_path, KNOWN)
        mapping.write_text(text.replace("confirmed: no", "confirmed: yes"), encoding="utf-8")
    found = sums(build_into(mapping))
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-5, check_dtype=False)
