"""What a notebook helper displayed, kept for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bs4 import BeautifulSoup


@dataclass
class Shown:
    """Outputs that the helpers displayed."""

    bundles: list[dict[str, Any]] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)

    def soup(self, at: int = -1) -> BeautifulSoup:
        return BeautifulSoup(self.bundles[at]["text/html"], "html.parser")
