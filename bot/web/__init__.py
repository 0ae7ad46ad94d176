"""What people see in a browser: one look for every page of ours.

`look` has the templates and the style, `text` makes HTML of Markdown, `figures` pictures of
numbers; `site` writes the archive as static pages.
"""
