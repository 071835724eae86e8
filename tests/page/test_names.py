"""A report has one name: of its page, in every list, on its picture."""

import pytest

from officer_assaults import paths
from officer_assaults.page import catalogue
from officer_assaults.pipeline import notebooks


@pytest.mark.parametrize("entry", catalogue.ENTRIES, ids=lambda entry: entry.notebook)
def test_a_report_is_listed_by_the_name_on_its_page(entry: catalogue.Entry) -> None:
    path = paths.notebooks_dir() / f"{entry.notebook}.ipynb"
    assert notebooks.load(path).title == entry.question
