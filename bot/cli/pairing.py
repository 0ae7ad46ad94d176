"""`marginalia mend` and `marginalia evaluate-pairing`: unthreaded answers in archive pages."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import meaning as meanings
from bot.cli.options import JSON, MEANING
from bot.errors import UserError
from bot.laboratory import detach, life
from bot.laboratory import evaluate as evaluating
from bot.laboratory import labels as labelling
from bot.laboratory.evaluate import Guess, Report, Share
from bot.library import archive, mending
from bot.library.mending import Page
from bot.library.problem import shown
from bot.sessions import pairing
from bot.sessions.knowledge import cut
from bot.sessions.pairing.posts import Decision, Kind, Pairing
from bot.settings import Settings
from bot.texts import N_, _, n_

_SHARE = 0.3


def mend(
    path: Annotated[Path, typer.Argument(metavar="FILE.md", help="An archive page.")],
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the mended archive into the file.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Write the file with the mended archive there.")
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Ask about each proposal, on a terminal.")
    ] = False,
    meaning: MEANING = None,
    as_json: JSON = False,
) -> None:
    """Move an archive's answers from outside threads under their questions.

    Also turns HTML and scripts in the texts, which an older version may have let through, into plain
    text. Prints what each post by an author outside a thread is, how certain that is, and why.
    Certain answers are moved; with --review you decide. Nothing is written unless you add --in-place
    or --output.
    """
    if in_place and output is not None:
        raise UserError(_("--in-place and --output cannot be used together; choose one"))
    if review and as_json:
        raise UserError(_("--review and --json cannot be used together; choose one"))
    page = mending.read(path)
    if not page.entries:
        raise UserError(
            _("{path}: has no archive; run `marginalia export` first", path=shown(path))
        )
    page, neutral = mending.neutralised(page)
    if not page.authors | page.perhaps and not neutral:
        raise UserError(
            _(
                "{path}: none of the authors wrote in the archive; correct `authors`",
                path=shown(path),
            )
        )
    _say_who(path, page)
    model = meanings.load(meaning or Settings().meaning)
    found = pairing.pair(page.posts(), meaning=model)
    links = page.moves(found)
    if review:
        links = _reviewed(page, found, links)
    elif not as_json:
        for line in _proposals(page, found, links, neutral):
            typer.echo(line)
    target = output or (path if in_place else None)
    changed = False
    if target is not None and (links or neutral or output is not None):
        changed = archive.write_archive(
            path, mending.attach(page.entries, page.authors, links), output
        )
    if as_json:
        typer.echo(json.dumps(_as_data(path, page, found, links, changed, neutral), indent=2))
        return
    typer.echo(_summary(len(links), len(_by_authors(found)), target, changed))


def _summary(moved: int, count: int, target: Path | None, changed: bool) -> str:
    """The last line: how many entries move, or moved."""
    if target is None:
        return n_(
            "{moved} of {count} top-level entry by the authors would move; add --in-place or "
            "--output to write the file",
            "{moved} of {count} top-level entries by the authors would move; add --in-place or "
            "--output to write the file",
            count,
            moved=moved,
        )
    done = n_(
        "{moved} of {count} top-level entry by the authors moved",
        "{moved} of {count} top-level entries by the authors moved",
        count,
        moved=moved,
    )
    written = _("written") if changed else _("already up to date")
    return f"{done}; {target}: {written}"


def _say_who(path: Path, page: Page) -> None:
    """Notes who was taken for an author without being named as one."""
    if page.guessed and page.authors:
        _note(
            _(
                "{path}: no name matches `authors`; {names} seems to be the author",
                path=path,
                names=_listed(page.authors),
            )
        )
    for name in sorted(page.perhaps):
        _note(
            _(
                "{path}: {name} writes like an author; use --review to decide about their posts, "
                "or add them to `authors` to move the posts automatically",
                path=path,
                name=name,
            )
        )


def _by_authors(found: Pairing) -> list[Decision]:
    return [decision for decision in found.decisions if decision.by_author]


def _proposals(page: Page, found: Pairing, links: dict[str, str], neutral: list[str]) -> list[str]:
    lines = [
        _("[{place}] contains code that could run on the website; it becomes text", place=place)
        for place in neutral
    ]
    lines += [_line(page, decision, links) for decision in _by_authors(found)]
    for covered in found.covered:
        root = covered.by.partition(".")[0]
        lines.append(
            _(
                "[{question}] {name}: answered in the thread of [{root}], whose answer {reason}",
                question=covered.question,
                name=page.entries[int(covered.question) - 1].name,
                root=root,
                reason=covered.reason,
            )
        )
    return lines


_KINDS = {
    Kind.ANSWERS: N_("answers"),
    Kind.SEVERAL: N_("answers"),
    Kind.CONTINUES: N_("continues [{entry}], answers"),
    Kind.TALK: N_("is talk"),
    Kind.UNDECIDED: N_("is undecided"),
}


def _line(page: Page, decision: Decision, links: dict[str, str]) -> str:
    what = _(_KINDS[decision.kind], entry=decision.continues)
    to = "".join(f" [{question}]" for question in decision.questions)
    asker = f" {page.entries[int(decision.question) - 1].name}" if decision.question else ""
    moves = _("moves") if decision.post in links else _("stays")
    author = page.entries[int(decision.post) - 1].name
    sure = f"{decision.confidence:.2f}"
    return f"[{decision.post}] {author}: {what}{to}{asker}; {sure}, {moves}: {decision.reason}"


def _reviewed(page: Page, found: Pairing, links: dict[str, str]) -> dict[str, str]:
    """Asks about every proposal; what was answered is what moves."""
    if not sys.stdin.isatty():
        raise UserError(_("--review needs a terminal"))
    chosen: dict[str, str] = {}
    for decision in _by_authors(found):
        entry = page.entries[int(decision.post) - 1]
        typer.echo(_line(page, decision, links))
        typer.echo(f"    {cut(entry.text, 100)}")
        for at, candidate in enumerate(decision.candidates, 1):
            asked = page.entries[int(candidate.question) - 1]
            typer.echo(
                f"  {at}) [{candidate.question}] {candidate.confidence:.2f} {asked.name}: "
                f"{cut(asked.text, 100)}"
            )
        proposed = links.get(decision.post)
        default = next(
            (str(at) for at, c in enumerate(decision.candidates, 1) if c.question == proposed), "n"
        )
        answer = _asked(decision, default)
        if answer is not None:
            chosen[decision.post] = answer
    return chosen


def _asked(decision: Decision, default: str) -> str | None:
    """The question a person names: one of the proposals, or another by its number on the page."""
    before = int(decision.post)
    while True:
        said = str(
            typer.prompt(
                "  " + _("1-3, [entry], or n to leave it where it is"),
                default=default,
                prompt_suffix=" ",
            )
        ).strip()
        if said.lower() in ("n", "no"):
            return None
        if said.lower() in ("y", "yes") and decision.candidates:
            return decision.candidates[0].question
        if said.isdecimal() and 1 <= int(said) <= len(decision.candidates):
            return decision.candidates[int(said) - 1].question
        inner = said.removeprefix("[").removesuffix("]")
        if said != inner and inner.isdecimal() and 1 <= int(inner) < before:
            return inner
        typer.echo("  " + _("enter a number from the list, an earlier entry such as [4], or n"))


def _as_data(
    path: Path,
    page: Page,
    found: Pairing,
    links: dict[str, str],
    written: bool,
    neutral: list[str],
) -> dict[str, Any]:
    def decided(decision: Decision) -> dict[str, Any]:
        return {
            "entry": int(decision.post),
            "name": page.entries[int(decision.post) - 1].name,
            "kind": str(decision.kind),
            "question": int(decision.question) if decision.question else None,
            "reason": decision.reason,
        }

    return {
        "file": str(path),
        "neutralised": neutral,
        "authors": sorted(page.authors),
        "proposals": [
            decided(decision)
            | {
                "questions": [int(question) for question in decision.questions],
                "continues": int(decision.continues) if decision.continues else None,
                "confidence": round(decision.confidence, 4),
                "moves": decision.post in links,
                "candidates": [
                    {
                        "question": int(candidate.question),
                        "confidence": round(candidate.confidence, 4),
                        "reason": candidate.reason,
                    }
                    for candidate in decision.candidates
                ],
            }
            for decision in _by_authors(found)
        ],
        "askers": [
            decided(decision)
            for decision in found.decisions
            if not decision.by_author and decision.kind is not Kind.QUESTION
        ],
        "covered": [
            {"question": int(c.question), "by": c.by, "reason": c.reason} for c in found.covered
        ],
        "written": written,
    }


def evaluate(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Archive pages.")],
    seed: Annotated[
        int, typer.Option(help="Decides which replies are taken out, and when they are posted.")
    ] = 1,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="What share of the replies is taken out.")
    ] = _SHARE,
    batch: Annotated[
        float,
        typer.Option(min=0.001, help="Questions between two visits of an author, on average."),
    ] = detach.BATCH,
    each_reply: Annotated[
        bool,
        typer.Option(
            "--each-reply", help="Take out single replies, not all that an author wrote in a row."
        ),
    ] = False,
    with_life: Annotated[
        bool,
        typer.Option(
            "--life",
            help="Add what real sessions have: answers sent point by point, talk, a host, "
            "questions in several posts, pages out of order.",
        ),
    ] = False,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.tsv",
            help="Measure on entries labelled by hand instead: file, entry, kind, targets and "
            "question, separated by tabs.",
        ),
    ] = None,
    meaning: MEANING = None,
    as_json: JSON = False,
) -> None:
    """Measure how well answers outside threads are paired with their questions.

    Takes a part of the authors' replies out of their threads, as if they had been posted outside, and
    pairs them again. With --life it adds talk, which should not move. With --labels it compares what
    `mend` would move with entries that were labelled by hand. docs/pairing.md explains the results.
    """
    model = meanings.load(meaning or Settings().meaning)
    if labels is not None and with_life:
        raise UserError("--labels and --life cannot be used together; choose one")
    if labels is not None or with_life:
        judged = (
            _labelled(labels, paths, model)
            if labels is not None
            else _lived(paths, seed, share, batch, model)
        )
        _print_judged(judged, model is not None, as_json)
        return
    by_file: list[tuple[Path, list[Guess]]] = []
    for path in paths:
        page = mending.read(path)
        if page.guessed and page.authors:
            _note(f"{path}: no name fits `authors`; {_listed(page.authors)} is taken")
        if not page.authors:
            _note(f"{path}: {'no author is known in it' if page.entries else 'has no archive'}")
            continue
        detached = detach.detach(
            page.posts(),
            random.Random(f"{seed} {path.name}"),  # noqa: S311 - nothing secret hangs on it
            share,
            batch,
            turns=not each_reply,
        )
        by_file.append((path, evaluating.guesses(detached, meaning=model)))
    every = [guess for _, found in by_file for guess in found]
    whole = evaluating.report(every)
    compared = model is not None and all(g.level == pairing.level(True) for g in every)
    if as_json:
        level = pairing.level(compared)
        data = _report_data(whole, level)
        data |= {"seed": seed, "share": share, "batch": batch, "each_reply": each_reply}
        data["meaning"] = compared
        data["files"] = [
            {"file": path.name, **_report_data(evaluating.report(found), level)}
            for path, found in by_file
        ]
        typer.echo(json.dumps(data))
        return
    for line in _report_lines(whole, by_file):
        typer.echo(line)
    typer.echo("")
    typer.echo(
        "what texts mean was compared, too"
        if compared
        else "by words alone; the extra `meaning` compares what texts mean, too"
    )


def _labelled(
    path: Path, pages: list[Path], model: pairing.Meaning | None
) -> list[labelling.Judged]:
    """What `mend` would move, against labels. Raises UserError where none fits."""
    labels = labelling.read(path)
    links = {}
    for each in pages:
        page = mending.read(each)
        links[each.stem] = page.moves(pairing.pair(page.posts(), meaning=model))
    judged = labelling.judge(labels, links)
    if not judged:
        raise UserError(f"{shown(path)}: labels no entry of these pages")
    return judged


def _lived(
    pages: list[Path], seed: int, share: float, batch: float, model: pairing.Meaning | None
) -> list[labelling.Judged]:
    """What would move of torn answers among all that life has."""
    judged = []
    for each in pages:
        dice = random.Random(f"{seed} {each.name}")  # noqa: S311 - nothing secret depends on it
        lived = life.live(detach.detach(mending.read(each).posts(), dice, share, batch), dice)
        links = pairing.linked(pairing.pair(lived.posts, meaning=model))
        for entry, questions in lived.truth.items():
            kind = "talk" if not questions else "continues" if "+" in entry else "answers"
            label = labelling.Label(each.stem, entry, kind, questions)
            judged.append(labelling.Judged(label, links.get(entry)))
    return judged


def _print_judged(judged: list[labelling.Judged], compared: bool, as_json: bool) -> None:
    whole = labelling.figures(judged)
    groups = {"kinds": labelling.by_kind(judged), "files": labelling.by_file(judged)}
    intervals = {
        name: labelling.interval(judged, lambda figures, name=name: getattr(figures, name))  # type: ignore[misc]
        for name in _FIGURES
    }
    if as_json:
        data: dict[str, Any] = _figures_data(whole)
        data |= {f"{name}_interval": [round(b, 4) for b in intervals[name]] for name in _FIGURES}
        data["entries"] = len(judged)
        data["meaning"] = compared
        for key, group in groups.items():
            data[key] = {name: _figures_data(one) for name, one in group.items()}
        typer.echo(json.dumps(data))
        return
    typer.echo(f"{'':44} {'precision':>17}  {'coverage':>17}  {'talk moved':>17}")
    for rows in ({"all": whole}, *groups.values()):
        for name, one in rows.items():
            cells = "  ".join(f"{_counted(getattr(one, part)):>17}" for part in _FIGURES)
            typer.echo(f"{name[:44]:44} {cells}")
    said = ", ".join(
        f"{name.replace('_', ' ')} {low:.3f} to {high:.3f}"
        for name, (low, high) in intervals.items()
    )
    typer.echo(f"95 % intervals by bootstrap over books: {said}")


_FIGURES = ("precision", "coverage", "talk_moved")


def _figures_data(figures: labelling.Figures) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name in _FIGURES:
        share: Share = getattr(figures, name)
        data[name] = {"value": _value(share), "part": share.part, "of": share.whole}
    return data


def _counted(share: Share) -> str:
    return f"{share.part} of {share.whole} = {_cell(share)}" if share.whole else "-"


def _report_data(report: Report, level: float) -> dict[str, Any]:
    return {
        "answers": report.answers,
        "confident": {
            **_with_intervals(precision=report.precision, coverage=report.coverage),
            "level": level,
            "linked": report.precision.whole,
        },
        "best_guess": _with_intervals(accuracy=report.accuracy),
        "baselines": {
            name: _with_intervals(accuracy=share) for name, share in report.baselines.items()
        },
        "levels": [
            {"level": each.level}
            | {name: _value(getattr(each, name)) for name in ("precision", "recall", "coverage")}
            for each in report.levels
        ],
    }


def _with_intervals(**shares: Share) -> dict[str, Any]:
    """Shares by name, and the interval of each."""
    found: dict[str, Any] = {}
    for name, share in shares.items():
        found[name] = _value(share)
        found[f"{name}_interval"] = [round(bound, 4) for bound in share.interval]
    return found


def _report_lines(report: Report, by_file: list[tuple[Path, list[Guess]]]) -> list[str]:
    lines = [
        f"{'file':44} answers  precision  coverage  best guess  latest open  of the named",
    ]
    for path, found in by_file:
        lines.append(_row(path.name, evaluating.report(found)))
    lines.append(_row("all", report))
    low, high = report.precision.interval
    under, over = report.accuracy.interval
    lines.append(
        f"95 % sure: precision {low:.3f} to {high:.3f}, best guess {under:.3f} to {over:.3f}"
    )
    lines.append("")
    lines.append("level  precision  recall  coverage")
    lines += [
        f"{level.level:5.2f}  {_cell(level.precision):>9}  {_cell(level.recall):>6}  "
        f"{_cell(level.coverage):>8}"
        for level in report.levels
    ]
    return lines


def _row(name: str, report: Report) -> str:
    open_, named = (report.baselines[key] for key in evaluating.BASELINES)
    return (
        f"{name[:44]:44} {report.answers:7}  {_cell(report.precision):>9}  "
        f"{_cell(report.coverage):>8}  {_cell(report.accuracy):>10}  {_cell(open_):>11}  "
        f"{_cell(named):>12}"
    )


def _cell(share: Share) -> str:
    return "-" if share.value is None else f"{share.value:.3f}"


def _value(share: Share) -> float | None:
    return None if share.value is None else round(share.value, 4)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _note(line: str) -> None:
    typer.echo(line, err=True)
