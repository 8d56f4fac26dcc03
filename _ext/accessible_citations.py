"""Write the bibliography as a list that screen readers know.

Sphinx gives its entries the role `doc-biblioentry`, which ARIA has dropped; readers then find a list
without items.
"""


def as_list_items(app, pagename, templatename, context, doctree):
    """Give the entries of a bibliography the role of list items."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", as_list_items)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
