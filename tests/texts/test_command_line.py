"""What the command line says is in the catalogue: no sentence is given to a person as it stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bot.texts import update

SAYS = {
    *("UserError", "typer.BadParameter", "typer.Exit", "typer.echo", "typer.prompt"),
    *("console.print", "progress.add_task", "Finding", "Problem", "FileError", "Refusal", "_note"),
    *("Table", "table.add_column", "TextColumn"),
    *("UnreadableError", "self._problem", "refused", "Decision", "Candidate"),
}
"""Calls whose positional arguments people read."""
GATHERED = {"_", "N_", "n_", "json.dumps", "reason_of", "archive.dump", "isinstance", "getattr"}
"""What takes a text from the catalogue, or takes and gives no text for people."""
LEFT_OUT = (
    "slack/",
    "sessions/",
    "sandbox/",
    "laboratory/",
    "markup/",
    "texts/",
    "store/tables.py",
)
"""Slack's texts have tests of their own; the sandbox answers as Slack does, in English."""
COVERED = ("slack/api/checkup.py", "slack/api/dump/", "sessions/pairing/")
"""What of these the command line prints: `doctor`, `import` and the reasons of `mend`."""
MEASURING = {"evaluate", "_labelled", "_print_judged", "_report_lines"}
"""`evaluate-pairing` measures the program for those who change it, and speaks English."""
WORD = re.compile(r"[A-Za-z]{2,}")
EXCEPTIONS = {
    "marginalia": "the program's name",
    "Marginalia": "the program's name",
    "SLACK_API_URL=": "a variable",
    "SLACK_BOT_TOKEN=": "a variable",
    "SLACK_APP_TOKEN=": "a variable",
    "SLACK_SIGNING_SECRET=": "a variable",
    "ID": "the same in every language",
    "Slack": "a name",
    "index.html": "a file",
    "socket": "a word to type",
    "{task.fields[day]}": "a place",
    "over": "a code that the page reads",
    "stuck": "a code that the page reads",
    "auth.test": "a method of Slack's",
    "conversations.list": "a method of Slack's",
    "conversations.info": "a method of Slack's",
    "users.info": "a method of Slack's",
    "users.json": "a file",
}
"""Texts that are not translated, and why."""


def spoken(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts, with their lines, that are given to people without the catalogue."""
    if isinstance(tree, ast.FunctionDef) and tree.name in MEASURING:
        return
    if isinstance(tree, ast.Call) and ast.unparse(tree.func) in SAYS:
        for argument in tree.args:
            yield from literals(argument)
    for child in ast.iter_child_nodes(tree):
        yield from spoken(child)


def literals(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts in an expression that are part of what it says."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in GATHERED | {
        "dumps"
    }:
        return
    if isinstance(node, ast.Call):
        # `", ".join(…)`, `text.replace("T", " ")`: the parts are joined, not said.
        children: list[ast.AST] = [] if isinstance(node.func, ast.Attribute) else [*node.args]
    elif isinstance(node, ast.FormattedValue):
        children = [node.value]
    elif isinstance(node, ast.IfExp):
        children = [node.body, node.orelse]
    elif isinstance(node, ast.Subscript):
        children = []
    else:
        children = [*ast.iter_child_nodes(node)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value.strip()
        if WORD.search(re.sub(r"\[/?\w+\]", "", text)) and text not in EXCEPTIONS:
            yield node.lineno, text
    for child in children:
        yield from literals(child)


def test_what_commands_say_is_in_the_catalogue() -> None:
    found = []
    for path in sorted(update.ROOT.rglob("*.py")):
        place = path.relative_to(update.ROOT).as_posix()
        if place.startswith(COVERED) or not place.startswith(LEFT_OUT):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [f"{place}:{line}: {text}" for line, text in spoken(tree)]
    assert found == []


def test_a_sentence_outside_the_catalogue_is_found() -> None:
    tree = ast.parse('typer.echo(f"{count} things"); raise UserError("no", _("yes"), x or "maybe")')
    assert [text for _line, text in spoken(tree)] == ["things", "no", "maybe"]
