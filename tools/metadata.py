"""Write codemeta.json and .zenodo.json from CITATION.cff and pyproject.toml: `make metadata`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CODEMETA, ZENODO = "codemeta.json", ".zenodo.json"


def files(root: Path = ROOT) -> dict[str, str]:
    """Content of each file, by name."""
    cited = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    made = {CODEMETA: codemeta(cited, project), ZENODO: zenodo(cited, project)}
    return {name: json.dumps(content, indent=2) + "\n" for name, content in made.items()}


def codemeta(cited: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """CodeMeta 3.0."""
    address = cited.get("repository-code")
    return {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": cited["title"],
        "description": project["description"],
        "version": project["version"],
        "dateModified": str(cited["date-released"]),
        "license": f"https://spdx.org/licenses/{cited['license']}",
        "author": [{"@type": "Organization", "name": a["name"]} for a in cited["authors"]],
        "keywords": cited["keywords"],
        **({"codeRepository": address} if address else {}),
        "programmingLanguage": {
            "@type": "ComputerLanguage",
            "name": "Python",
            "version": project["requires-python"],
        },
        "runtimePlatform": "Linux or macOS, make, git",
        "softwareRequirements": project["dependencies"],
        "memoryRequirements": "2 GB",
        "storageRequirements": "3 GB",
        "processorRequirements": "2 cores",
        "buildInstructions": "README.md",
    }


def zenodo(cited: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """What Zenodo takes when a release is deposited."""
    address = cited.get("repository-code")
    related = [{"identifier": address, "relation": "isSupplementTo", "scheme": "url"}]
    return {
        "title": cited["title"],
        "description": f"<p>{project['description']}</p><p>{cited['message']}</p>",
        "version": project["version"],
        "upload_type": "software",
        "publication_date": str(cited["date-released"]),
        "license": cited["license"],
        "creators": [{"name": author["name"]} for author in cited["authors"]],
        "keywords": cited["keywords"],
        **({"related_identifiers": related} if address else {}),
    }


if __name__ == "__main__":
    for name, content in files().items():
        (ROOT / name).write_text(content, encoding="utf-8")
        print(f"Wrote {name}")
