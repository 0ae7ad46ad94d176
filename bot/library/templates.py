"""Texts of reminders: Jinja templates in `schedules/templates/`, one `NAME.txt` each.

What a template writes is Slack's mrkdwn; what is put into it is escaped, so that a title is a
title whatever characters it has. Templates run in Jinja's sandbox
(<https://jinja.palletsprojects.com/en/stable/sandbox/>) and see the variables of VARIABLES and
nothing else. Where there is no file for a reminder of ours, its text is the catalogue's.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import UserError
from bot.library import files
from bot.library.problem import FileError, Problem, quoted, shown
from bot.library.template_process import rendered
from bot.markup import escape_mrkdwn
from bot.markup.ready import Mrkdwn
from bot.sessions.reminders import TEMPLATES
from bot.support.remedies import reason
from bot.texts import _

FOLDER = "templates"
SUFFIX = ".txt"
MAX_BYTES = 64 * 1024

VARIABLES = {
    "title": "the title of the book",
    "authors": "the authors, as mentions where they are known in Slack",
    "channel": "the channel of the session, as a link",
    "start": "when the session opens, in the reader's own time zone",
    "end": "when it closes, in the reader's own time zone",
    "left": "how long it is until then (until the start, once it has begun until the end)",
    "questions": "how many questions were asked",
    "answered": "how many of them an author answered",
    "unanswered": "how many nobody answered yet",
    "links": "the book's links, each with `text` and `link`",
}
"""What a template may use."""


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Mrkdwn) else escape_mrkdwn(str(value))


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    finalize=_finalize,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
)
_ENVIRONMENT.globals = {}


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of a folder by name; those that are wrong are problems and not among them."""

    folder: Path = Path(FOLDER)
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    names: Collection[str] = TEMPLATES

    def missing(self, name: str, path: Path, line: int) -> Problem:
        """What is wrong with a reminder in `path` that names a template nobody wrote."""
        near = difflib.get_close_matches(name, sorted(self.names), 1)
        hint = _("; did you mean {near}?", near=quoted(near[0])) if near else ""
        return Problem(
            path,
            line,
            _("there is no template {name}", name=quoted(name)),
            _("write {folder}{hint}", folder=shown(Path(FOLDER) / (name + SUFFIX)), hint=hint),
        )


def load(folder: Path, only: str | None = None) -> Templates:
    """Reads and checks the templates of a folder (or one file of it); never raises for them."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    names = set(TEMPLATES)
    try:
        paths = sorted(
            path
            for path in folder.iterdir()
            if path.suffix == SUFFIX
            and path.name[0] not in "._"
            and (only is None or path.name == only)
        )
    except FileNotFoundError:
        return Templates(folder)
    except OSError as error:
        what = _("cannot be read: {error}", error=reason(error))
        return Templates(folder, {}, (Problem(folder, 1, what, _("correct the folder")),))
    for path in paths:
        name = path.name.removesuffix(SUFFIX)
        names.add(name)
        try:
            text = files.read(path, MAX_BYTES)[0].decode("utf-8-sig")
        except FileError as error:
            problems.append(error.at(path))
            continue
        except UnicodeDecodeError:
            problems.append(Problem(path, 1, _("is not UTF-8"), _("save the file as UTF-8")))
            continue
        found = check(text, path)
        problems += found
        if not found:
            texts[name] = text
    return Templates(folder, texts, tuple(problems), frozenset(names))


def check(text: str, path: Path) -> list[Problem]:
    """What is wrong with a template: its syntax, and variables that it will not get."""
    try:
        tree = _ENVIRONMENT.parse(text)
        if _are_harmless(tree):
            # Compiling works out what is constant, which takes as long as rendering it.
            _ENVIRONMENT.from_string(text)
    except TemplateSyntaxError as error:
        what = _("broken template: {message}", message=error.message)
        return [Problem(path, error.lineno, what, _("correct it"))]
    found: list[tuple[int, str, str]] = []
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    for node in tree.find_all(nodes.Name):
        if node.ctx != "load" or node.name in VARIABLES or node.name in own or node.name == "loop":
            continue
        near = difflib.get_close_matches(node.name, VARIABLES, 1)
        hint = (
            _("write {near}", near=quoted(near[0]))
            if near
            else _("use one of {variables}", variables=", ".join(VARIABLES))
        )
        what = _("the variable {name} is not known", name=quoted(node.name))
        found.append((node.lineno, what, hint))
    for used in tree.find_all(nodes.Filter):
        if used.name not in _ENVIRONMENT.filters:
            what = _("broken template: {message}", message=f"No filter named {used.name!r}.")
            found.append((used.lineno, what, _("correct it")))
    for other in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        what = _("a template cannot include other files")
        found.append((other.lineno, what, _("put the text here")))
    if not text.strip():
        found.append((1, _("the template is empty"), _("write a text, or delete it")))
    if not found and not _are_harmless(tree):
        try:
            rendered(text, _SAMPLE)
        except UserError as error:
            what, _mark, hint = str(error).partition("; ")
            found.append((1, what, hint or _("correct it")))
    problems = dict.fromkeys(Problem(path, *each) for each in found)
    return sorted(problems, key=lambda problem: problem.line)


_HARMLESS = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const,
    nodes.If, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
_SAMPLE: Mapping[str, Any] = {
    **dict.fromkeys(VARIABLES, "x" * 60),
    **dict.fromkeys(("questions", "answered", "unanswered"), 40),
    "links": [{"text": "x" * 60, "link": "https://example.org"}] * 10,
}
"""Values to try a template with."""


def render(text: str, values: Mapping[str, Any]) -> str:
    """The mrkdwn that a template writes. Raises UserError, one line, where it cannot.

    One that could take long is rendered in another process, with limits: not to be called while
    others wait for a lock.
    """
    return render_here(text, values) if _is_short(text) else rendered(text, values)


def _is_short(text: str) -> bool:
    """Whether rendering takes a time that only the length of the template decides."""
    try:
        return _are_harmless(_ENVIRONMENT.parse(text))
    except TemplateError:
        return True  # rendering it says what is wrong


def _are_harmless(node: nodes.Node, in_loop: bool = False) -> bool:
    if isinstance(node, nodes.For):
        is_plain = isinstance(node.iter, nodes.Name) and node.iter.name == "links"
        if in_loop or not is_plain or node.recursive:
            return False
        in_loop = True
    elif not isinstance(node, _HARMLESS):
        return False
    return all(_are_harmless(child, in_loop) for child in node.iter_child_nodes())


def render_here(text: str, values: Mapping[str, Any]) -> str:
    """The same in this process, however long it takes."""
    try:
        template: Template = _ENVIRONMENT.from_string(text)
        return template.render(**values).strip()
    except (
        TemplateError, ArithmeticError, TypeError, ValueError, LookupError, MemoryError,
        RecursionError,
    ) as error:  # fmt: skip
        raise UserError(
            _(
                "the template cannot be used: {split}; correct it",
                split=" ".join(str(error).split()),
            )
        ) from None
