"""`marginalia convert`: schedule files from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UserError
from bot.library import event, files, formats
from bot.library.formats import Format
from bot.library.library import Scan
from bot.library.problem import shown, told
from bot.settings import Settings
from bot.support.remedies import not_written
from bot.texts import _


def convert(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE…", help="Schedule files, or folders of them.")
    ],
    to: Annotated[str, typer.Option(help="The format: `record` or `markdown`.")],
    output: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.")],
) -> None:
    """Convert schedule files, with their archives, to the other format.

    `record` is a YAML record (`yyyy/yy-mm-dd-slug.yaml`), `markdown` a page with front matter. Only
    comments and quoting are lost. The sources stay as they are, and no existing file is overwritten.
    """
    form = next((each for each in formats.FORMATS if each.name == to), None)
    if form is None:
        names = " or ".join(each.name for each in formats.FORMATS)
        raise UserError(_("--to {to}: unknown format; choose {names}", to=to, names=names))
    paths = [path for source in sources for path in _files(source)]
    if not paths:
        raise UserError(_("there are no schedule files in the given paths"))
    for path in paths:
        target, data = _converted(path, form)
        target = output / target
        try:
            if target.exists() and target.read_bytes() != data:
                raise UserError(
                    _(
                        "{target}: already exists; remove it, or choose another DIR",
                        target=shown(target),
                    )
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            files.replace(target, [data])
        except OSError as error:
            raise not_written(target, error, chosen=True) from None
        typer.echo(f"{path} -> {target}")


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    scan = Scan(source)
    found = list(scan.paths())
    for problem in scan.problems:
        raise UserError(str(problem))
    return found


def _converted(path: Path, form: Format) -> tuple[Path, bytes]:
    """Where the file goes in the folder, and its bytes there."""
    own = formats.of(path)
    with told(path):
        data, _stamp = files.read(path)
        document = own.document(data)
        schedule = event.parse(document, path, Settings().timezone)
        if schedule.begins is None:
            raise UserError(str(next(p for p in schedule.problems if p.is_error)))
        whole = data if own is form else formats.convert(document, schedule.id, form)
        return Path(form.path(schedule.id, schedule.begins)), whole
