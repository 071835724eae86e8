"""A small notebook that uses every helper, with made-up figures whose truth the tests know."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SOURCES = [
    """\
import pandas as pd
from officer_assaults.findings import Finding
from officer_assaults.page import charts, report, words""",
    """\
report.boxes(
    shows="Counts of recorded assaults in six made-up forces.",
    cannot=["Why a count is high.", "What was never recorded."],
    settle="Shift records with officer-hours.",
)
report.answer("Not known. The figures of the sample are made up.")
report.may_say("Recorded assaults in Alder rose by a third.", "Violence rose by a third.")
report.may_say("Alder grew most.", "Alder is the worst force.", source="Made-up figures")
report.headline(
    "Recorded assaults rose by a third in Alder",
    number="+33%",
    interval=words.interval_words(0.21, 0.46, as_percent=True),
    caveat="A rise in the record need not be a rise in violence.",
)
report.main_points(["The rate ratio is 1.33.", "Five forces of six grew."])
report.caveat("The figures are made up.")""",
    """\
forces = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir and Gorse"]
growth = pd.DataFrame({"Force": forces, "Ratio": [1.33, 1.2, 1.15, 1.05, 1.01, 0.9]})
growth["lower"] = growth["Ratio"] * 0.9
growth["upper"] = growth["Ratio"] / 0.9""",
    """\
chart = charts.caterpillar(
    growth, label="Force", value="Ratio", lower="lower", upper="upper",
    axis_label="Rate ratio", focus="Alder", reference=1.1, reference_label="mean", log=True,
)
report.show_figure(
    chart, headline="Alder is at the top of six", subtitle="Ratio of rates, six made-up forces",
    alt="Dots with intervals for six made-up forces; Alder is the highest at 1.33.",
    source="Made-up figures", simulated=True,
)""",
    """\
quarters = pd.DataFrame(
    {"Quarter": range(1, 9), "Recorded assaults": [9, 12, 11, 15, 14, 18, 17, 21]}
)
report.show_figure(
    charts.lines(quarters, x="Quarter", y="Recorded assaults", axis_label="Recorded assaults",
                 x_label="Quarter", events={4: "New code"}),
    headline="Counts rose over eight quarters", subtitle="Recorded assaults a quarter, Alder",
    alt="A line that rises from nine to twenty-one over eight quarters.", simulated=True,
    lead=True,
)""",
    """\
table = growth.assign(Force=["=Alder", "+Birch", *forces[2:]])
table["Officers"] = [4067, 1200, 800, 950, 700, 3100]
report.show_table(table, caption="Growth of recorded assaults in six made-up forces",
                  units={"Officers": "full-time equivalent"}, source="Made-up figures")
wide = pd.DataFrame({
    "Police force area": forces, "Reason for leaving out": ["recording break in the middle"] * 6,
    "Before": [794, 31, 60, 12, 99, 1040], "After": ["[c]", 38, 70, None, 101, 940],
})
report.show_table(wide, caption="Counts before and after, with marks")
print("a line that is printed: \\\\ and <tags>")""",
    """\
report.record(Finding(
    "sample.ratio", "Rate ratio of recorded assaults", "<q>up 33%</q>", "reproduces", "estimate",
    1.33, 1.21, 1.46, unit="ratio", denominator="days", period="2017/18 to 2018/19",
    vintage="made up", simulated=True,
))
law = Finding("sample.law", "The Act", "The maximum doubled", "consistent", "statement")
report.record(law)""",
    """\
report.record_sources([{
    "name": "sample", "title": "Assaults in six made-up forces", "publisher": "This test",
    "vintage": "2024-01", "licence": "none", "url": "https://example.org/data", "rows": 1234,
    "sha256": "ab" * 32, "attribution": "Made for a test",
}])""",
]  # fmt: skip

PROSE = {
    1: "# Is the sample real?\n\nSix made-up forces, to test the page. A ticket costs $5 or $10.",
    3: "## How big is the change?\n\nEach force has a rate ratio $\\lambda_1 / \\lambda_0$ with "
    "its exposure. Nobody called it <q>the worst</q>.",
    5: "## Which counts?\n\n$$\\hat\\theta = \\frac{y_1 / e_1}{y_0 / e_0}$$",
    6: "## Nothing to see",
}

CONTEXT = {
    "notebook": "01_rise",
    "scope": "thames-valley",
    "title": "Is the sample real?",
    "command": "make report NB=01_rise FORCE=thames-valley",
    "input_hash": "cd" * 32,
    "parameters": {"force": "thames-valley", "phi_list": [1.0, 1.4], "alpha": 0.1},
    "comments": {"force": "Force in focus", "alpha": "One minus the coverage"},
    "non_default": {"alpha": 0.1},
    "versions": {"numpy": "2.0", "pandas": "3.0"},
    "something_else": "ignored",
}


def build() -> nbformat.NotebookNode:
    """The notebook, not executed."""
    cells = []
    for at, source in enumerate(SOURCES):
        if at in PROSE:
            cells.append(new_markdown_cell(PROSE[at]))
        cells.append(new_code_cell(source))
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number:02d}"
    return new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
