from __future__ import annotations

from typing import Any

import pytest
import sample_notebook
from bs4 import BeautifulSoup
from shown import Shown


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    kept = Shown()

    def display(bundle: dict[str, Any], *, raw: bool, metadata: dict[str, Any]) -> None:
        assert raw
        kept.bundles.append(bundle)
        kept.metadata.append(metadata["report"])

    monkeypatch.setattr("IPython.display.display", display)
    return kept


@pytest.fixture(scope="session")
def executed() -> Any:
    """The sample notebook, run once in a kernel of its own."""
    from nbclient import NotebookClient

    return NotebookClient(sample_notebook.build(), timeout=120, kernel_name="python3").execute()


@pytest.fixture(scope="session")
def page(executed: Any) -> str:
    from officer_assaults.page.page import render_page

    return render_page(executed, sample_notebook.CONTEXT)


@pytest.fixture
def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")
