"""The appendix of short questions, each with a link to the cell that computes its answer.

The questions are in guide/questions.yml; tests/test_questions.py compares them with the cells.
"""

import json
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "guide" / "questions.yml"


def cells_of(chapter: str) -> list[dict]:
    """Return the cells of a chapter's notebook."""
    path = ROOT / "chapters" / f"{chapter}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


class ShortQuestions(SphinxDirective):
    """`{short-questions}`: a section for each chapter, in which answers unfold."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(QUESTIONS))
        made: list[nodes.Node] = []
        asked = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
        for chapter, questions in sorted(asked.items()):
            title = "".join(cells_of(chapter)[0]["source"]).splitlines()[0].lstrip("# ")
            section = nodes.section(ids=[nodes.make_id(f"questions-{chapter}")])
            section += nodes.title(title, title)
            for question in questions:
                section += self.unfolding(chapter, question)
            made.append(section)
        return made

    @staticmethod
    def unfolding(chapter: str, question: dict) -> list[nodes.Node]:
        """Return a question that can be opened, its answer, and the link."""
        paragraph = nodes.paragraph("", question["answer"] + " ")
        target = f"../chapters/{chapter}.html#cell-{question['cell']}"
        paragraph += nodes.reference("", "The cell that computes it.", refuri=target)
        ask = nodes.Text(question["ask"]).astext().replace("&", "&amp;").replace("<", "&lt;")
        return [
            nodes.raw("", f"<details><summary>{ask}</summary>", format="html"),
            paragraph,
            nodes.raw("", "</details>", format="html"),
        ]


def name_cells(app, doctree):
    """Give each code cell of a chapter the anchor `cell-ID`."""
    folder, _, chapter = app.env.docname.partition("/")
    if folder != "chapters":
        return
    cells = cells_of(chapter)
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            node["ids"].append(f"cell-{cells[node['cell_index']]['id']}")


def setup(app):
    """Register with Sphinx."""
    app.add_directive("short-questions", ShortQuestions)
    app.connect("doctree-read", name_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
