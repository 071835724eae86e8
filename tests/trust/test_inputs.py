"""Parameters, paths and texts of an analyst: no secret in, nothing out of the tree, no markup."""

from io import StringIO
from types import SimpleNamespace

import pandas as pd
import pytest

from officer_assaults.cli import project as project_
from officer_assaults.page import charts, report, site, svg, tables
from officer_assaults.pipeline import plan
from officer_assaults.pipeline.parameters import looks_secret, read_schema
from officer_assaults.pipeline.vocabularies import FileVocabulary
from officer_assaults.refusals import Refusal

BAD = "</td><script>alert(7)</script><img src=x onerror=alert(8)>\"'&"


@pytest.mark.parametrize(
    "name",
    [
        "api_key", "apiKey", "APIKEY", "db_password", "dbPassword", "userpasswd", "secret_1",
        "clientsecret", "access_token", "accessToken", "authToken2", "auth", "credentials",
        "private_key", "privateKey", "ssh_key", "pin", "passphrase", "pwd", "TOKEN",
    ],
)  # fmt: skip
def test_parameters_named_like_secrets_are_refused(name):
    with pytest.raises(Refusal) as caught:
        read_schema("x", f'{name}: str = "hunter2"  # For the service')
    assert "P208" in caught.value.codes
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["author", "force", "keyboard", "monkeys", "pinned", "opinion", "cells_path", "seed"]
)
def test_other_names_are_no_secrets(name):
    assert not looks_secret(name)


HOSTILE = [
    "..", ".", "/", "/etc/passwd", "../kent/..", "kent/../../x", "..\\kent\\x", "C:\\kent",
    "\\\\host\\kent", "CON", "nul", "kent\x00/../x", "<script>kent</script>", "~", "$HOME", "",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_force_is_one_of_the_list_or_refused(text):
    codes, name = ("E101",), "kent"
    try:
        name = project_.load().vocabularies["force"].canonical(text)
    except Refusal as refusal:
        codes = refusal.codes
    assert codes == ("E101",)
    assert name in project_.load().vocabularies["force"].known()
    assert name.replace("-", "").isalnum()


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "tree"
    (root / "data").mkdir(parents=True)
    (root / "data" / "cells.csv").write_text("a,b\n")
    (tmp_path / "outside.csv").write_text("a,b\n")
    (tmp_path / "secret.txt").write_text("secret")
    return root


@pytest.mark.parametrize(
    "text",
    ["../secret.txt", "a\x00b.csv", "CON", "nul.csv", "C:\\cells.csv", "x" * 5000 + ".csv",
     "/dev/zero", "/proc/self/environ", "~nobody-of-that-name/cells.csv", "data", "..", ""],
)  # fmt: skip
def test_a_file_that_is_no_data_file_is_refused(project, text):
    with pytest.raises(Refusal) as caught:
        FileVocabulary(project).canonical(text)
    assert caught.value.codes == ("P304",)
    assert "\x00" not in str(caught.value)


def test_links_are_followed_before_a_file_is_judged(project, tmp_path):
    """A link with a harmless name leads neither to other kinds of file nor round in circles."""
    links = project / "data"
    (links / "harmless.csv").symlink_to(tmp_path / "secret.txt")
    (links / "environ.csv").symlink_to("/proc/self/environ")
    (links / "loop.csv").symlink_to(links / "loop.csv")
    for name in ("harmless.csv", "environ.csv", "loop.csv"):
        with pytest.raises(Refusal) as caught:
            FileVocabulary(project).canonical(f"data/{name}")
        assert caught.value.codes == ("P304",)


def test_own_data_may_lie_anywhere_and_are_known_by_their_whole_path(project, tmp_path):
    files = FileVocabulary(project)
    assert files.canonical("data/../data/cells.csv") == "data/cells.csv"
    assert files.canonical("../outside.csv") == str((tmp_path / "outside.csv").resolve())


def test_two_files_of_one_name_are_refused(tmp_path):
    """Pages show no folders, so the second would take the place of the first."""
    notebook = SimpleNamespace(
        schema=read_schema(
            "x", "a: str | None = None  # One [<file>]\nb: str | None = None  # Two [<file>]"
        )
    )
    one, other = str(tmp_path / "1" / "x.csv"), str(tmp_path / "2" / "x.csv")
    values, files = plan._renamed_files(notebook, {"a": one, "b": one}, tmp_path)
    assert values == {"a": "x.csv", "b": "x.csv"}
    assert len(files) == 1
    with pytest.raises(Refusal) as caught:
        plan._renamed_files(notebook, {"a": one, "b": other}, tmp_path)
    assert caught.value.codes == ("P304",)


def test_a_file_larger_than_any_is_refused_unread(project, tmp_path):
    large = tmp_path / "large.csv"
    with large.open("wb") as stream:
        stream.truncate(600 * 1024**2)
    with pytest.raises(Refusal) as caught:
        FileVocabulary(project).canonical(str(large))
    assert caught.value.codes == ("P304",)


def test_markup_in_cells_headings_and_captions_is_text(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, **more: shown.append(bundle["text/html"])
    )
    frame = pd.DataFrame({BAD: [BAD, "x"], "Count": [1, 2]})
    report.show_table(frame, caption=BAD, notes=BAD, source=BAD)
    report.caveat(BAD)
    [*found] = shown
    for html in found:
        assert "<script" not in html
        assert "<img" not in html
        assert "&lt;script&gt;" in html


def test_markup_and_dollars_in_a_drawing_are_text():
    label = f"Own policy: 0 if x == '$\\frac{{' else 1 $ {BAD}"
    rows = pd.DataFrame({"Policy": [label, "b"], "Avoided": [1.0, 2], "l": [0.0, 1], "u": [2.0, 3]})
    chart = charts.dot_interval(
        rows, label="Policy", value="Avoided", lower="l", upper="u", axis_label=f"$x {BAD}"
    )
    drawing = svg.draw(chart.figure, title=BAD, description=BAD, prefix="p")
    for text in filter(None, (drawing.wide, drawing.narrow)):
        assert "<script" not in text
        assert "<img" not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("-cmd", "'-cmd"), ("@x", "'@x"), ("\t=1", "'\t=1"),
        ("\r=1", "' =1"), ("\n=1", "'\n=1"), ("\uff1d1+1", "'\uff1d1+1"), ("a;=1+1", "a;'=1+1"),
        ("a; @x", "a; '@x"), ("-2.5", "-2.5"), ("+3", "+3"), ("-12%", "-12%"), ("a-b", "a-b"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"), ("-", "'-"),
    ],
)  # fmt: skip
def test_no_text_of_a_download_is_a_formula_and_negative_numbers_stay(text, shown):
    frame = pd.DataFrame({"a": [text, "x"], "b": [-1.5, 2]})
    back = pd.read_csv(StringIO(tables.to_csv(frame)), keep_default_na=False, dtype={"a": str})
    assert back["a"][0] == shown
    assert back["b"].tolist() == [-1.5, 2]


def test_markup_in_the_name_of_a_force_is_text_on_the_front_page(monkeypatch):
    monkeypatch.setattr(site.catalogue, "force_names", lambda: {"kent": BAD})
    run = {"scope": "kent", "notebook": BAD, "outcome": BAD, "error": BAD, "command": BAD}
    page = site.render_index([], failures=[run])
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(7)") > 1
