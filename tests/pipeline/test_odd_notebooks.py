"""The template with one odd cell each, through a real kernel: a clean page, or refused by name."""

import copy
import json
import re
from types import SimpleNamespace

import nbformat
import papermill
import pytest
from bs4 import BeautifulSoup

from officer_assaults import paths
from officer_assaults.pipeline import engines, forked, notebooks, run

TEMPLATE = paths.project_root() / "docs" / "template.ipynb"
AT = 5  # Behind the first paragraph.
CONTEXT = {
    "notebook": "11_odd", "scope": "thames-valley", "title": "Which?", "command": "make report",
    "input_hash": "cd" * 32, "parameters": {"force": "thames-valley"}, "comments": {},
    "non_default": {}, "versions": {},
}  # fmt: skip
SHOW = "from IPython.display import *\n"

#: Cell and what the page says of it, line by line.
SHOWN = {
    "colours": (r"print('\x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m', '\x07bell', '\x00nul')",
                "red and bold bell nul"),
    "backspaces": (r"print('10%\b\b\b20%\b\b\b100%')", "100%"),
    "links and titles": (r"print('\x1b]8;;http://x.org\x07here\x1b]8;;\x07 \x1b]0;me\x07\x9b1mb')",
                         "here b"),
    "lines drawn again": (r"print('one\ntwo\x1b[1A\rONE\n\x1b[2K', end='TWO')", "ONE\nTWO"),
    "half a sign, printed": (r"print('half an emoji: \ud83d')", "half an emoji: \ufffd"),
    "half a sign, by a helper": (r"report.caveat('half: \ud83d')", "Caution. half: \ufffd"),
    "a path of Windows": (r"report.caveat('Files lie in C:\\temp\\crew')",
                          "Caution. Files lie in C:\\temp\\crew"),
    "paths between prices": (r"report.caveat('$PATH, C:\\temp and $HOME\\x cost $5')",
                             "Caution. $PATH, C:\\temp and $HOME\\x cost $5"),
    "paths in markdown": (SHOW + r"display(Markdown('C:\\temp, `D:\\x`, $5 \\and $6 or $7'))",
                          "C:\\temp, D:\\x, $5 \\and $6 or $7"),
    "paths in a table": ("import pandas as pd\nreport.show_table(pd.DataFrame({'C:\\\\new': "
                         "['a\\\\b']}), caption='Of C:\\\\tmp, one', source='D:\\\\so')",
                         "Table 1. Of C:\\tmp, oneC:\\newa\\bSource: D:\\so"
                         "Download the data of Table 1 (CSV, 11 bytes)"),
    "signs that turn the reading": ("report.caveat('a\\u202eb\\u2066c\\u200bd\\ufeffe')",
                                    "Caution. abcde"),
    "signs that turn it, printed": ("print('a\\u202eb\\u2028c\\uffff')", "ab\nc"),
    "controls by a helper": ("report.caveat('a\\x1bb\\x00c\\x9bd')", "Caution. abcd"),
    "bytes of another coding": (r"""get_ipython().system(r"printf 'caf\351 \377\n'")""",
                                "caf\ufffd \ufffd"),
    "markup": ("print('<script>1</script> id=\"summary\" id=\"summary\" src=\"x\"')",
               '<script>1</script> id="summary" id="summary" src="x"'),
    "harmful links": (SHOW + "display(Markdown('[a](javascript:alert(1))'))", "a"),
    "an updated display": (SHOW + "h = display('one', display_id=True)\nh.update('two')",
                           "'two'"),
    "a cleared output": (SHOW + "for i in range(9):\n    clear_output(wait=True)\n    print(i)",
                         "8"),
    "a link that would run": (SHOW + "display(Markdown('[a](&#106;avascript:alert(1)) '\n"
                              "'<b onclick=x>'))",
                              "a <b onclick=x>"),
    "a trace of calls": ("import traceback\ntry: 1 / 0\nexcept ZeroDivisionError: "
                         "traceback.print_exc()", "Show messages of the softwareTraceback (most "
                         "recent call last):\n  File \"cell\", line 2, in <module>\n"
                         "    try: 1 / 0\n         ~~^~~\nZeroDivisionError: division by zero"),
    "a log": ("import logging\nlogging.getLogger('a').error('of /opt/x/y.py')",
              "Show messages of the softwareof y.py"),
    "a progress bar": ("from tqdm import tqdm\nfor _ in tqdm(range(99), mininterval=0): pass",
                       "Show messages of the software100%|██████████| 99/99"),
    "nested bars": ("from tqdm import tqdm\nfor _ in tqdm(range(3), 'out', mininterval=0):\n"
                    "    for _ in tqdm(range(9), 'in', mininterval=0, leave=False): pass",
                    "Show messages of the softwareout: 100%|██████████| 3/3"),
    "steering errors": ("import sys\n_ = sys.stderr.write('a\\x1b[2J\\x1b]0;t\\x07b\\x0bc\\n')",
                        "Show messages of the softwareabc"),
    "a warning of a program": (
        "import warnings\nwarnings.showwarning('old', FutureWarning, '/opt/me/lib/deep.py', 3, "
        "line='x')", "Show messages of the softwaredeep.py:3: FutureWarning: old\n  x"),
}  # fmt: skip

#: Cell and in how few letters its page shows it, both ends kept.
FLOODS = {
    "many lines": ("for i in range(60_000): print('line', i)", "line 0", "line 59999"),
    "a long line": ("print('a' + 'x' * 2_000_000 + 'z')", "a", "z"),
    "a long value": ("'a' + 'x' * 2_000_000 + 'z'", "'a", "z'"),
    "a printed frame": ("import pandas as pd\n"
                        "print(pd.DataFrame({'x': range(50_000)}).to_string())", "x", "49999"),
    "many outputs": (SHOW + "for i in range(3_000): display(i)", "0", "2999"),
}  # fmt: skip

#: Cell and what the refusal says of it.
REFUSED = {
    "json": (SHOW + "display(JSON({'a': 1}))", "of type application/json"),
    "script": (SHOW + "display(Javascript('alert(1)'))", "of type application/javascript"),
    "map": (SHOW + "display(GeoJSON({'type': 'Point'}))", "of type application/geo+json"),
    "widget": (SHOW + "display({'application/vnd.jupyter.widget-view+json': {}, 'text/plain': "
               "'IntSlider(value=3)'}, raw=True)", "of type application/vnd.jupyter.widget-view"),
    "plotly without text": (SHOW + "display({'application/vnd.plotly.v1+json': {}}, raw=True)",
                            "of type application/vnd.plotly.v1+json"),
    "html with a script": (SHOW + "display(HTML('<script>alert(1)</script>'))", "shows HTML"),
    "frame of another page": (SHOW + "display(IFrame('https://example.org', 9, 9))", "shows HTML"),
    "picture elsewhere": (SHOW + "display(Image(url='https://example.org/a.png'))", "shows HTML"),
    "film": (SHOW + "display(Video('https://example.org/a.mp4'))", "shows HTML"),
    "drawing": (SHOW + "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))",
                "show_figure"),
    "picture in markdown": (SHOW + "display(Markdown('![a](http://e.org/a.png)'))", "show_figure"),
    "huge frame": ("import pandas as pd\npd.DataFrame({'x': range(100_000)})", "show_table"),
    "object": ("object()", "has no text"),
    "failed table": ("class A:\n    def _repr_html_(self): raise ValueError('no luck')\nA()",
                     "shows an error: ValueError: no luck"),
    "link in maths": (SHOW + "display(Math(r'\\href{javascript:alert(1)}{x}'))", "\\href"),
    "endless maths": (SHOW + "display(Math('{' * 3000 + '}' * 3000))", "cannot be read"),
    "nothing as text": ("class A:\n    def _repr_mimebundle_(self, **_): return "
                        "{'text/html': None, 'text/plain': 3}\nA()",
                        "shows an error: TypeError: what it shows as text/html is no text"),
    "numbers in text": (SHOW + "display({'text/plain': ['a', 1]}, raw=True)", "is no text"),
    "an update to nothing": (SHOW + "display('a', display_id='z')\ndisplay({'text/plain': None}, "
                             "raw=True, display_id='z', update=True)", "is no text"),
    "an error of lines": ("raise ValueError('a\\n\\nb\\x1b[31m')", "ValueError: a b"),
    "no role": (SHOW + "display({'text/html': 'x'}, raw=True, metadata={'report': {'role': [1]}})",
                "shows HTML"),
    "a figure of one's own": (SHOW + "display({'image/svg+xml': '<svg><script/></svg>'}, raw=True, "
                              "metadata={'report': {'role': 'figure'}})",
                              "shows a figure that no helper of report made"),
    "attributes of one's own": (SHOW + "display({'text/html': '<p onclick=\"a()\">x</p>'}, "
                                "raw=True, metadata={'report': {'role': 'caveat'}})", "that runs"),
    "macro": (SHOW + "display(Math(r'\\nomacro{x}'))", "nomacro"),
    "text of LaTeX": (SHOW + "display(Latex(r'\\textbf{x} and'))", "\\textbf outside maths"),
}  # fmt: skip

#: Found on the page as a whole.
UNPLACED = ("picture in markdown", "text of LaTeX", "attributes of one's own")

MATHS = r"""display(Math(r'\frac{a}{b}'), Latex('$y$'),
        Latex(r'\begin{align}x &= 1\end{align}'), Latex(r'\[z^2\]'))"""
CELLS = {
    **{name: cell for name, (cell, *_) in {**SHOWN, **FLOODS, **REFUSED}.items()},
    "maths": SHOW + MATHS,
}


ENDS = ("Show messages of the softwaresite-packages", "Caution. A quarter is")


def identifier(name):
    return f"odd-{re.sub('[^a-z]', '-', name)}"


@pytest.fixture(scope="module")
def server():
    started = forked.KernelServer(())
    started.wait_ready()
    yield started
    started.close()


@pytest.fixture(scope="module")
def executed(tmp_path_factory, server):
    """All odd cells behind each other in one kernel, each free to fail."""
    notebook = nbformat.read(TEMPLATE, 4)
    odd = [nbformat.v4.new_code_cell(CELLS[name], id=identifier(name)) for name in CELLS]
    for cell in odd:
        cell.metadata["tags"] = ["raises-exception"]
    notebook.cells[AT:AT] = odd
    path = tmp_path_factory.mktemp("odd") / "odd.ipynb"
    path.write_text(nbformat.writes(notebook))
    watch = run.Watch(600, 4_000)
    with pytest.MonkeyPatch.context() as patch, watch:
        patch.setenv(forked.ADDRESS_VARIABLE, server.address)
        patch.setenv(paths.ROOT_VARIABLE, str(paths.project_root()))
        with pytest.raises(papermill.PapermillExecutionError):  # It asks for all errors afterwards.
            papermill.execute_notebook(
                str(path), None, engine_name=engines.DEFAULT_ENGINE, progress_bar=False, watch=watch
            )
    return watch.notebook


@pytest.fixture
def report_of(executed, tmp_path):
    """Finish the report of the template with one odd cell, as any run is finished."""

    def finish(name):
        notebook = copy.deepcopy(executed)
        notebook.cells = [
            cell for cell in notebook.cells
            if not cell["id"].startswith("odd-") or cell["id"] == identifier(name)
            if engines.ERROR_TAG not in cell.metadata.get("tags", [])
        ]  # fmt: skip
        job = run.Job("x/y", "{}", {}, CONTEXT, {}, "officer_assaults.page.page:render_page")
        return run._finish(job, tmp_path, SimpleNamespace(notebook=notebook, cell=None))

    return finish


def shown_by(result):
    """What the odd cell says on the page: what stands before the code of its neighbour."""
    assert result.outcome == run.OK, result.error
    page = result.html.decode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    between = re.search(r"What was counted</h2>(.*?)<h2", page, re.DOTALL)[1]
    soup = BeautifulSoup(between, "html.parser")
    for code in soup.select("details"):
        if code.summary.get_text().startswith("Show the code"):
            code.decompose()
    soup.p.decompose()
    return soup


def text_of(soup):
    """Its text, and not that of the template's own caution and warning behind it."""
    own = soup.get_text().strip()
    for end in ENDS:
        own = own.partition(end)[0].strip()
    return own


@pytest.mark.parametrize("name", SHOWN)
def test_an_odd_output_is_shown_clean(report_of, name):
    assert text_of(shown_by(report_of(name))) == SHOWN[name][1]


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_keeps_its_ends(report_of, name):
    result = report_of(name)
    said = text_of(shown_by(result))
    _, first, last = FLOODS[name]
    assert said.startswith(first)
    assert said.endswith(last)
    assert "left out here]" in said
    assert len(result.html) < 100_000


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_page_cannot_show_is_refused_by_its_cell(report_of, name):
    result = report_of(name)
    assert result.outcome == run.CONTRACT_BROKEN
    assert REFUSED[name][1] in result.error
    assert len(result.error) < 400 or name == "endless maths"
    assert len(result.error) <= run.LONGEST_ERROR + 10
    assert "\n" not in result.error
    if "maths" not in result.error and name not in UNPLACED:
        assert f"cell {AT + 1} shows" in result.error


def test_maths_objects_are_maths(report_of):
    soup = shown_by(report_of("maths"))
    assert len(soup.select("math")) == 4
    assert "\\" not in soup.get_text()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda notebook: notebook.metadata.kernelspec.update(name="conda-env-police-py"), "P104"),
        (lambda notebook: notebook.cells[AT].update(source="x = '\ud83d'"), "P101"),
        (lambda notebook: notebook.cells[AT].update(source="x = '\u202e'"), "P110"),
        (lambda notebook: notebook.cells[AT].update(source="x = 1\x00"), "P110"),
    ],
    ids=["absent kernel", "half a sign", "turned reading", "nul"],
)
def test_what_cannot_run_is_refused_before(tmp_path, change, code):
    notebook = nbformat.read(TEMPLATE, 4)
    change(notebook)
    path = tmp_path / "11_odd.ipynb"
    path.write_text(nbformat.writes(notebook, ensure_ascii=True))
    problems = notebooks.check(path)
    assert [problem.code for problem in problems] == [code]
    assert str(problems[0]).isprintable()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda held: held.update(nbformat=3), "P101", "of version 3"),
        (lambda held: held.pop("nbformat_minor"), "P101", "its parts"),
        (lambda held: held.update(metadata=None), "P101", "its parts"),
        (lambda held: held["cells"][AT].update(cell_type="heading"), "P101", f"cell {AT + 1}"),
        (lambda held: held["cells"][AT].update(source=None), "P101", f"cell {AT + 1}"),
        (lambda held: held["cells"][AT].update(metadata={"tags": "x"}), "P101", f"cell {AT + 1}"),
        (lambda held: held["cells"][AT].update(id='"><script>'), "P105", f"cell {AT + 1}"),
        (lambda held: held["cells"][AT].update(id=3.5), "P105", f"cell {AT + 1}"),
        (lambda held: held["cells"].pop(1), "P102", "0 cells"),
        (lambda held: held["cells"].insert(1, {**held["cells"][1], "id": "more"}), "P102", "2 cel"),
    ],
)  # fmt: skip
def test_a_notebook_of_odd_parts_is_refused_by_cell(tmp_path, change, code, said):
    held = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    change(held)
    path = tmp_path / "11_odd.ipynb"
    path.write_text(json.dumps(held))
    (problem,) = notebooks.check(path)
    assert (problem.code, problem.file) == (code, path.name)
    assert said in problem.what


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace('"nbformat_minor": 5', '"nbformat_minor": 99'),
    lambda text: text.replace('"metadata": {}', '"metadata": {"a": [null, {"b": 1}]}'),
])  # fmt: skip
def test_what_other_programs_write_into_a_notebook_does_no_harm(tmp_path, change):
    path = tmp_path / "11_odd.ipynb"
    text = change(TEMPLATE.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8", newline="")
    assert notebooks.check(path) == []
    assert notebooks.load(path).title
    assert json.loads(notebooks.cleaned(text))["cells"]


@pytest.mark.parametrize(
    ("source", "outcome", "error"),
    [
        ("raise ExceptionGroup('two', [ValueError('a'), TypeError('b')])", run.CELL_ERROR,
         "ExceptionGroup: two (2 sub-exceptions)"),
        ("x = = 1", run.CELL_ERROR, "SyntaxError: invalid syntax (cell, line 1)"),
        ("raise ValueError('x' * 1_000_000)", run.CELL_ERROR, "ValueError: xxx"),
        ("import os\nos._exit(0)", run.KERNEL_DIED, "the kernel ended by itself (exit code 0)"),
    ],
)  # fmt: skip
def test_a_cell_that_fails_oddly_says_why(monkeypatch, server, source, outcome, error):
    notebook = nbformat.read(TEMPLATE, 4)
    notebook.cells = [nbformat.v4.new_code_cell(source), nbformat.v4.new_code_cell("1")]
    monkeypatch.setenv(forked.ADDRESS_VARIABLE, server.address)
    job = run.Job(
        "x/y", nbformat.writes(notebook), {}, CONTEXT, {}, "", root=str(paths.project_root())
    )
    result = run.perform(job)
    assert result.outcome == outcome
    assert result.error.startswith(error)
    assert len(result.error) <= run.LONGEST_ERROR + 10
    assert result.cell == 1
