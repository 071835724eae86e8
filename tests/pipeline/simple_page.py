"""A page template that shows everything it is given."""

import json
import os


def render(notebook, context):
    cells = [
        {"source": cell.source, "outputs": cell.get("outputs", []), "id": cell.id}
        for cell in notebook.cells
    ]
    return f"<html>{json.dumps([context, cells], sort_keys=True)}</html>"


def render_strict(notebook, context):
    page = render(notebook, context)
    if "no alt text\\\\n" in page or "no alt text\\n" in page:
        raise ValueError("a figure has no alt text")
    return page


def render_deadly(notebook, context):
    if context["title"] == "Deadly":
        os._exit(1)
    return render(notebook, context)
