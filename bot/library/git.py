"""Each change of a schedule, and each archive, as a commit of the repository they lie in.

The `git` command is used, not a library: what decides about a push (the credentials, `ssh`,
proxies, `includeIf`, hooks) is the person's configuration of that command, and no library
follows all of it. It runs without a shell, with a time limit, and never asks anybody anything.

A commit takes in the named files alone: what a person has staged beside them stays staged. What
was committed and not yet pushed is known by a ref of the repository itself, so it is known after
a restart too; nothing is ever forced.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import UserError
from bot.library.problem import shown
from bot.texts import _

GIT_TIMEOUT_SECONDS = 60.0
"""Seconds after which a `git` that does not come back is ended."""
WAITING = "refs/marginalia/waiting"
"""Points at the last commit that was not pushed; gone when all were."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
TRAILER = "Marginalia-Change"
"""Begins the line of a commit's message that says when the change was asked for."""
NAME = "Marginalia"
HOST = "marginalia.invalid"
"""The domain of addresses in commits (RFC 2606: nobody has it)."""

_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_SECRETS = re.compile(r"://[^/@\s]+@")
_OURS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit says made the change."""

    name: str
    email: str

    @classmethod
    def of(cls, name: str, slack_id: str = "") -> Author:
        """Somebody in Slack, by name and member ID; without either the bot itself."""
        plain = "".join(c for c in name if c.isprintable() and c not in "<>").strip(" .,;:\"'\\")
        local = "".join(c for c in slack_id if c.isalnum()).lower() or "bot"
        return cls(plain or slack_id or NAME, f"{local}@{HOST}")


@dataclass(slots=True)
class Repository:
    """The Git repository that a folder lies in. Every method may take TIMEOUT seconds.

    `remote` is the name or address of a remote, or None: nothing is pushed then. `branch` is
    the branch that is pushed to. Files in the folder `beside` may be committed, too. Methods raise
    UserError, one line without secrets.
    """

    folder: Path
    remote: str | None = None
    branch: str = "marginalia"
    beside: Path | None = None

    def check(self) -> None:
        """Raises UserError if nothing could be committed here."""
        if (
            not _BRANCH.fullmatch(self.branch)
            or ".." in self.branch
            or self.branch.endswith(("/", ".lock", "."))
        ):
            raise UserError(
                _(
                    "MARGINALIA_GIT_BRANCH: {branch} is not a name for a branch",
                    branch=f"{self.branch!r}",
                )
            )
        if self.remote is not None and self.remote.startswith("-"):
            raise UserError(_("MARGINALIA_GIT_REMOTE: write the name or address of a remote"))
        inside = self._ask("rev-parse", "--is-inside-work-tree")
        if inside is None or inside.strip() != "true":
            raise UserError(
                _(
                    "MARGINALIA_GIT_COMMIT is set, but {folder} is not in a Git repository; run "
                    "`git init` there or unset it",
                    folder=shown(self.folder),
                )
            )

    def commit(
        self, paths: Sequence[Path], message: str, author: Author, asked_at: datetime | None = None
    ) -> bool:
        """Commits files as they are now (also that they are gone); False if nothing changed.

        What is staged of other files stays staged and uncommitted. Paths outside the folder
        are refused. A commit that was `asked_at` a moment says so in a trailer of its message, and
        is made once: False where it is there already.
        """
        if asked_at is not None:
            trailer = f"{TRAILER}: {asked_at.isoformat()}"
            if self._is_made(trailer, asked_at):
                return False
            message = f"{message}\n\n{trailer}"
        names = [str(self._inside(path)) for path in paths]
        present = [name for name in names if os.path.lexists(name)]
        known = self._run("ls-files", "-z", "--full-name", "--", *names).split("\0")
        if present:
            # Files that Git has not seen yet; `--force` because an ignored one is meant as well.
            self._run("add", "--intent-to-add", "--force", "--", *present)
        gone = [n for n in names if n not in present and self._is_known(n, known)]
        wanted = [*present, *gone]
        if not wanted or not self._run("status", "--porcelain", "-z", "--", *wanted):
            return False
        self._run(
            "commit",
            "--quiet",
            "--only",
            "--no-gpg-sign",
            f"--author={author.name} <{author.email}>",
            f"--message={message}",
            "--",
            *wanted,
        )
        if self.remote is not None:
            self._run("update-ref", WAITING, "HEAD")
        return True

    def _is_made(self, trailer: str, asked_at: datetime) -> bool:
        """Whether a commit with this trailer was made, by a process that was killed right after or
        could not note it. It may have to be pushed still."""
        since = (asked_at - timedelta(days=1)).isoformat()
        found = self._ask("log", "-1", f"--since={since}", "-F", f"--grep={trailer}", "--format=%H")
        if found and self.remote is not None:
            self._run("update-ref", WAITING, "HEAD")
        return bool(found)

    def waits(self) -> bool:
        """Whether something was committed that is not pushed yet."""
        if self.remote is None:
            return False
        return self._ask("rev-parse", "--verify", "--quiet", WAITING) is not None

    def push(self) -> None:
        """Pushes what waits to the branch; nothing is overwritten there."""
        if self.remote is None:
            return
        head = (self._ask("rev-parse", "--verify", "--quiet", WAITING) or "").strip()
        if not head:
            return
        target = f"{head}:refs/heads/{self.branch}"
        self._run("push", "--quiet", "--porcelain", self.remote, target)
        # What was committed while this ran is still to be pushed.
        self._ask("update-ref", "-d", WAITING, head)

    def _is_known(self, name: str, known: Sequence[str]) -> bool:
        top = self._top()
        return any(entry and str(top / entry) == name for entry in known)

    def holds(self, path: Path) -> bool:
        """Whether a file lies where it can be committed: in the folder, or beside it in the same
        repository."""
        whole = path.parent.resolve() / path.name
        try:
            return self._is_meant(whole) and whole.is_relative_to(self._top())
        except UserError:
            return False  # the commit itself will say why

    def _top(self) -> Path:
        return Path(self._run("rev-parse", "--show-toplevel").removesuffix("\n")).resolve()

    def _is_meant(self, whole: Path) -> bool:
        folders = (self.folder, self.beside or self.folder)
        return any(whole.is_relative_to(folder.resolve()) for folder in folders)

    def _inside(self, path: Path) -> Path:
        """The path itself (a link is not followed), absolute, inside the folder."""
        whole = path.parent.resolve() / path.name
        if not self._is_meant(whole):
            raise UserError(
                _(
                    "{path} is outside {folder} and was not committed",
                    path=shown(path),
                    folder=shown(self.folder),
                )
            )
        return whole

    def _ask(self, *arguments: str) -> str | None:
        """What `git` answers, None where it says no."""
        try:
            return self._run(*arguments)
        except _FailedError:
            return None

    def _run(self, *arguments: str) -> str:
        """What `git` prints. Raises UserError where it fails, is missing or takes too long."""
        command = ["git", "-C", str(self.folder), "-c", "core.quotePath=false", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - a list, no shell; paths stand behind `--`
                command,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=GIT_TIMEOUT_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise UserError(
                _("git is not installed; install it, or unset MARGINALIA_GIT_COMMIT")
            ) from None
        except subprocess.TimeoutExpired:
            raise UserError(
                _(
                    "`git {command}` did not finish within {timeout} seconds",
                    command=arguments[0],
                    timeout=f"{GIT_TIMEOUT_SECONDS:.0f}",
                )
            ) from None
        except OSError as error:
            raise UserError(_("git cannot be run: {why}", why=error.strerror or error)) from None
        if done.returncode:
            raise _FailedError(
                _(
                    "`git {command}` failed: {why}",
                    command=arguments[0],
                    why=_said(done.stderr, done.stdout),
                )
            )
        return done.stdout.decode("utf-8", "surrogateescape")


class _FailedError(UserError):
    """`git` came back and said no."""


class Backoff:
    """When to try again what failed: after half a minute, then twice as long each time.

    `due` and `failed` are told the present, aware UTC.
    """

    def __init__(self) -> None:
        self.tries = 0
        self._next: datetime | None = None

    def due(self, at: datetime) -> bool:
        """Whether it is time to try."""
        return self._next is None or at >= self._next

    def failed(self, at: datetime) -> None:
        """It failed once more."""
        self._next = at + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self.tries, 16))
        self.tries += 1

    def done(self) -> None:
        """It worked: the next failure is a first one."""
        self.tries, self._next = 0, None


def _said(*outputs: bytes) -> str:
    """The line that says why, without passwords in addresses."""
    lines = [
        line.strip()
        for output in outputs
        for line in output.decode("utf-8", "replace").splitlines()
        if line.strip() and not line.startswith("hint:")
    ]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "!", "remote: error"))]
    line = (told or lines or [_("it gave no reason")])[0]
    plain = "".join(c if c.isprintable() else " " for c in line)
    return _SECRETS.sub("://***@", plain)[:300]


def _environment() -> dict[str, str]:
    """The environment of `git`: nothing is asked, nothing is opened, texts are English."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}
    return {
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_COMMITTER_NAME": NAME,
        "GIT_COMMITTER_EMAIL": f"bot@{HOST}",
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_EDITOR": "true",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
    }
