"""The wheel is whole: it runs where there is no checkout, with what it says that it needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot import __version__
from bot.slack import manifest
from tests.conftest import ROOT

BIN = Path(sys.executable).parent
PATIENCE = 100

MIGRATIONS = """
import bot, sys
from bot.store import schema
from bot.store.database import Database
database = Database(sys.argv[1])
database.upgrade()
with database.engine.begin() as connection:
    schema.command.downgrade(schema.config(connection), "base")
database.upgrade()
assert database.ping()
print(bot.__file__, schema.config().get_main_option("script_location"))
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """The package in an environment of its own; `folder` is where its commands run."""

    environment: Path
    folder: Path

    def env(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables of a command: nothing that leads to the checkout."""
        path = f"{self.environment / 'bin'}:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(self.folder), "LANG": "C.UTF-8", **(more or {})}

    def run(
        self, program: str, *arguments: str, env: Mapping[str, str] | None = None, code: int = 0
    ) -> str:
        """What a program of the environment prints; it must end with `code`."""
        done = subprocess.run(
            [self.environment / "bin" / program, *arguments],
            cwd=self.folder,
            env=self.env(env),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed beside what `requirements.txt` names and nothing else.

    Those packages are links to the ones that the tests run with, which saves a minute.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = folder / "environment"
    _uv("venv", "--python", sys.executable, str(environment))
    python = environment / "bin" / "python"
    _uv("pip", "install", "--no-deps", "--python", str(python), str(wheel))
    [packages] = environment.glob("lib/python3*/site-packages")
    for name in _required():
        _link(name, packages)
    work = folder / "work"
    work.mkdir()
    return Installed(environment, work)


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [BIN / "uv", "--offline", "--no-cache", *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _required() -> Iterator[str]:
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line[:1].isalnum():
            found = Requirement(line.rstrip("\\ "))
            if found.marker is None or found.marker.evaluate():
                yield found.name


def _link(name: str, packages: Path) -> None:
    found = distribution(name)
    for top in {path.parts[0] for path in found.files or ()} - {"..", "__pycache__"}:
        target = packages / top
        if not target.exists():
            target.symlink_to(str(found.locate_file(top)))


def test_the_wheel_holds_the_program_and_its_licence(wheel: Path) -> None:
    assert wheel.name == f"marginalia-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        [metadata] = (n for n in names if n.endswith(".dist-info/METADATA"))
        text = opened.read(metadata).decode()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {"bot", "slackbox", metadata.split("/")[0]}
    tracked = subprocess.run(
        ["git", "ls-files", "bot", "slackbox", "migrations"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    here = {path.replace("migrations/", "bot/store/migrations/", 1) for path in tracked}
    assert {name for name in here if (ROOT / name).exists()} <= names
    pinned = {canonicalize_name(name) for name in _required()}
    for line in text.splitlines():
        if line.startswith("Requires-Dist: ") and "extra ==" not in line:
            wanted = Requirement(line.removeprefix("Requires-Dist: "))
            assert canonicalize_name(wanted.name) in pinned


@pytest.mark.slow
def test_a_week_is_played_checked_published_and_replayed(installed: Installed) -> None:
    run = installed.run
    assert run("marginalia", "--version") == f"marginalia {__version__}\n"
    assert "The archive is in " in run("marginalia", "demo", "--seconds", "1")
    assert run("marginalia", "check", "var/demo/schedules") == "1 file, no problems\n"
    run("marginalia", "site", "var/demo/schedules", "--output", "site")
    assert "The Patient Compiler" in (installed.folder / "site" / "index.html").read_text()
    page = "var/demo/schedules/20260105-the-patient-compiler.md"
    assert "0 texts read differently" in run("marginalia", "replay", page)


@pytest.mark.slow
def test_texts_to_paste_and_to_fill_in_are_printed(installed: Installed) -> None:
    assert installed.run("marginalia", "manifest") == manifest.text()
    template = (ROOT / "schedules" / "_template.md").read_text()
    assert installed.run("marginalia", "template") == template
    example = (ROOT / "schedules" / "templates" / "_example.txt").read_text()
    assert installed.run("marginalia", "template", "--reminder") == example


@pytest.mark.slow
def test_the_doctor_finds_the_workspace_of_the_sandbox_well(installed: Installed) -> None:
    (installed.folder / "schedules").mkdir(exist_ok=True)
    with _sandbox(installed) as (tokens, page):
        with urlopen(Request(page, headers={"Accept": "text/html"}), timeout=PATIENCE) as answer:
            assert b"<html" in answer.read()
        said = installed.run(
            "marginalia", "doctor", env={**tokens, "MARGINALIA_CHANNEL": "general"}
        )
    assert "bot token" in said


@contextmanager
def _sandbox(installed: Installed) -> Iterator[tuple[dict[str, str], str]]:
    """A sandbox that is running: what the bot needs of it, and the address of its page."""
    with subprocess.Popen(
        [
            *(installed.environment / "bin" / "marginalia", "sandbox"),
            *("--port", "0", "--control-port", "0"),
        ],
        cwd=installed.folder,
        env=installed.env({"PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            tokens = {}
            for line in process.stdout:
                if line.startswith("#"):
                    yield tokens, line.split()[-1]
                    break
                name, value = line.strip().split("=", 1)
                tokens[name] = value
        finally:
            process.terminate()


@pytest.mark.slow
def test_the_migrations_go_up_and_down(installed: Installed, bare_url: str) -> None:
    said = installed.run("python", "-c", MIGRATIONS, bare_url).split()
    [package] = installed.environment.glob("lib/python3*/site-packages/bot")
    assert said == [str(package / "__init__.py"), str(package / "store" / "migrations")]
