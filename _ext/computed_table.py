"""The appendix: what the book computes, and in which section (from tests/coverage.yml)."""

import json
from pathlib import Path

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent
PLAN = ROOT / "tests" / "coverage.yml"


def sections_of(notebook: dict) -> dict[str, str]:
    """Return, for each row that a code cell covers, the title of the first section it is in."""
    found: dict[str, str] = {}
    title = ""
    for cell in notebook["cells"]:
        lines = "".join(cell["source"]).splitlines()
        if cell["cell_type"] == "markdown":
            headings = [line.lstrip("# ") for line in lines if line.startswith("#")]
            title = headings[-1] if headings else title
            continue
        for row in cell["metadata"].get("covers", []):
            found.setdefault(row, title)
    return found


class ComputedTable(SphinxDirective, Directive):
    """`{computed-table}`: one table for each chapter, every row with a link to its section."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(PLAN))
        made: list[nodes.Node] = []
        for chapter, plan in sorted(yaml.safe_load(PLAN.read_text(encoding="utf-8")).items()):
            path = ROOT / "chapters" / f"{chapter}.ipynb"
            self.env.note_dependency(str(path))
            notebook = json.loads(path.read_text(encoding="utf-8"))
            title = "".join(notebook["cells"][0]["source"]).splitlines()[0].lstrip("# ")
            section = nodes.section(ids=[nodes.make_id(f"computed-{chapter}")])
            section += nodes.title(title, title)
            section += self.table(chapter, plan["rows"], sections_of(notebook))
            made.append(section)
        return made

    def table(self, chapter: str, rows: dict[str, str], sections: dict[str, str]) -> nodes.table:
        """Return a table with the name of each row and a link to its section."""
        group = nodes.tgroup(cols=2)
        group += [nodes.colspec(colwidth=width) for width in (55, 45)]
        head, body = nodes.thead(), nodes.tbody()
        head += self.row(nodes.Text("what"), nodes.Text("computed in"))
        for row, name in rows.items():
            if row not in sections:  # tests/test_notebooks.py says so
                continue
            place = sections[row]
            target = f"../chapters/{chapter}.html#{nodes.make_id(place)}"
            body += self.row(nodes.Text(name), nodes.reference("", place, refuri=target))
        group += [head, body]
        return nodes.table("", group)

    @staticmethod
    def row(*contents: nodes.Node) -> nodes.row:
        """Return a row of the table."""
        made = nodes.row()
        for content in contents:
            made += nodes.entry("", nodes.paragraph("", "", content))
        return made


def setup(app):
    """Register with Sphinx."""
    app.add_directive("computed-table", ComputedTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
