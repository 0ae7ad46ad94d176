"""What operators start: the container files, the unit, and folders that belong to somebody else."""

from __future__ import annotations

import configparser
import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.errors import UserError
from bot.library import archive, formats
from bot.settings import Settings
from bot.store import engine
from tests.conftest import ROOT
from tests.processes import environment
from tests.web import shelf

SOMEBODY = 12345
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}


def compose(name: str = "docker-compose.yml") -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return data


def test_the_bot_in_a_container_has_no_rights_and_keeps_what_it_must() -> None:
    data = compose()
    [(name, bot)] = data["services"].items()
    assert (name, bot["read_only"], bot["cap_drop"]) == ("bot", True, ["ALL"])
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert bot["user"] == "${MARGINALIA_USER:-1000:1000}"
    assert "data:/marginalia/var" in bot["volumes"]
    assert (
        bot["environment"]["MARGINALIA_DATABASE_URL"] == "sqlite:////marginalia/var/marginalia.db"
    )
    assert "/readyz" in bot["healthcheck"]["test"][-1]
    for port in bot["ports"]:
        assert re.match(r"\$\{[A-Z]+_ADDRESS:-127\.0\.0\.1\}:", port), "nobody else by default"


def test_every_setting_and_file_that_the_container_files_name_is_there() -> None:
    known = {f"MARGINALIA_{field.upper()}" for field in Settings.model_fields}
    both = [compose(), compose("docker-compose.postgres.yml")]
    for data in both:
        for key in data["services"]["bot"]["environment"]:
            assert key in known | {"HOME"}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    asked = "".join(
        (ROOT / n).read_text() for n in ("docker-compose.yml", "docker-compose.postgres.yml")
    )
    for key in re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE):
        assert key in known or key in TOKENS or f"${{{key}:" in asked or key == "COMPOSE_FILE", key
    for source in re.findall(r"^COPY (.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        for path in source.split():
            assert (ROOT / path).exists(), path


def test_only_the_two_tokens_must_be_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("SLACK_", "MARGINALIA_"))]:
        monkeypatch.delenv(name)
    example = ROOT / ".env.example"
    with pytest.raises(UserError, match="SLACK_BOT_TOKEN is not set"):
        Settings(_env_file=example).require_slack()
    for name, value in TOKENS.items():
        monkeypatch.setenv(name, value)
    Settings(_env_file=example).require_slack()


@pytest.mark.parametrize("password", ["a@b/c:d%e", "p#?[]&=+ ü", "plain"])
def test_a_password_is_given_as_it_is(
    password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", "postgresql://marginalia@database/marginalia")
    file = tmp_path / "password"
    file.write_text(f"{password}\n", encoding="utf-8")
    for given in ({"database_password": password}, {"database_password_file": file}):
        url = engine.parse(Settings(_env_file=None, **given).database_url)
        assert (url.password, url.host, url.database) == (password, "database", "marginalia")
    file.unlink()
    with pytest.raises(UserError, match=r"MARGINALIA_DATABASE_PASSWORD_FILE: .* cannot be read"):
        Settings(_env_file=None, database_password_file=file)


def _as_somebody_without_rights(
    folder: Path, *command: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder in which this user may not write, or which is somebody else's."""
    start = [sys.executable, *command]
    for path in (folder, *folder.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, SOMEBODY, SOMEBODY)
        elif path.is_dir():
            path.chmod(0o555)
    if os.geteuid() == 0:
        # As root, but without the right to write what belongs to others.
        assert shutil.which("setpriv"), "install util-linux"
        start = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *start]
    try:
        return subprocess.run(
            start,
            cwd=folder,
            env=environment(env or {}),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    finally:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)


MAIN = "from bot.cli import main; main()"
OWNER = f"{os.geteuid()}:{os.getegid()}"


@pytest.mark.slow
def test_a_database_in_somebody_elses_folder_is_one_line_with_the_command(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    (folder / "var").mkdir(parents=True)
    done = _as_somebody_without_rights(folder, "-c", MAIN, "run", env=TOKENS)
    assert done.returncode == 2, done.stderr
    assert f"`sudo chown -R {OWNER} var`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_schedules_of_somebody_else_are_told_at_the_start(tmp_path: Path) -> None:
    """Before the bot talks to Slack, which is not there."""
    folder = tmp_path / "work"
    (folder / "schedules").mkdir(parents=True)
    env = {**TOKENS, "MARGINALIA_DATABASE_URL": "sqlite:////proc/none/marginalia.db"}
    done = _as_somebody_without_rights(folder, "-c", MAIN, "run", env=env)
    assert done.returncode == 2, done.stderr
    assert f"`sudo chown -R {OWNER} schedules`" in done.stderr
    env["MARGINALIA_ARCHIVE_DIR"] = str(tmp_path)
    done = _as_somebody_without_rights(folder, "-c", MAIN, "run", env=env)
    assert "schedules`" not in done.stderr, "archives go elsewhere"


def test_an_archive_that_may_not_be_written_says_so_and_not_that_the_disk_is_full(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.md").write_text("---\ntitle: A\n---\n")
    program = (
        "from pathlib import Path; from bot.library import archive, formats;"
        "archive.write_archive(Path('a.md'), [formats.Entry('A', 'a')])"
    )
    done = _as_somebody_without_rights(folder, "-c", program)
    assert "a.md: cannot be written: permission denied" in done.stderr
    assert f"`sudo chown -R {OWNER} .`" in done.stderr
    assert "room" not in done.stderr


@pytest.mark.parametrize("command", [["site"], ["convert", "--to", "record"]])
def test_the_folder_that_a_command_was_told_to_write_into_is_given_to_nobody(
    tmp_path: Path, command: list[str]
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    schedule = shelf.write(tmp_path, "20250401-quiet")
    arguments = [command[0], str(schedule), *command[1:], "--output", "etc/out"]
    (folder / "etc").mkdir()
    done = _as_somebody_without_rights(folder, "-c", MAIN, *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "cannot be written: permission denied; check the folder etc" in line


def test_the_unit_runs_the_command_without_rights() -> None:
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy" / "marginalia.service")
    service = unit["Service"]
    assert service["ExecStart"].endswith("/marginalia run")
    assert service["User"] == "marginalia"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "marginalia"
    assert service["RestartPreventExitStatus"] == "2"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EACCES, f"`sudo chown -R {OWNER} /elsewhere`"),
        (errno.ENOSPC, "free some space on the disk that holds /elsewhere"),
        (errno.EROFS, "/elsewhere is mounted read-only"),
        (errno.ENOENT, "create the folder /elsewhere"),
        (errno.EIO, "check the folder /elsewhere"),
    ],
)
def test_each_failure_of_temporary_files_has_its_own_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str
) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\n---\n")
    monkeypatch.setenv("TMPDIR", "/elsewhere")

    def fails() -> Iterator[formats.Entry]:
        yield formats.Entry("A", "a")
        raise OSError(code, os.strerror(code))

    with pytest.raises(UserError, match="temporary folder") as caught:
        archive.write_archive(path, fails())
    assert remedy in str(caught.value)


@pytest.mark.parametrize("given", ["", "a@b/c $x"])
def test_the_database_password_is_given_or_made_and_then_stays(tmp_path: Path, given: str) -> None:
    service = compose("docker-compose.postgres.yml")["services"]["password"]
    *_python, program = service["entrypoint"]
    assert "/marginalia/password/database" in program
    program = program.replace("/marginalia/password/database", str(tmp_path / "database"))
    kept = []
    for password in (given, "another"):
        env = {**os.environ, "GIVEN": password}
        subprocess.run([sys.executable, "-I", "-c", program], env=env, check=True, timeout=60)
        kept.append((tmp_path / "database").read_text(encoding="utf-8"))
    assert kept[0] == kept[1]
    assert kept[0] == given or (not given and len(kept[0]) >= 40)


def _tool(name: str) -> str:
    """A program that the development requirements bring, on machines that there is one for."""
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        reason = f"{name} is not installed; `make dev` does that on x86-64 Linux"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return str(found)


def _resolved(folder: Path, env: str) -> dict[str, Any]:
    """What Docker Compose makes of the files and of a file `.env`; a warning is a failure."""
    tool = _tool("docker-compose")
    for name in ("docker-compose.yml", "docker-compose.postgres.yml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".env").write_text(env, encoding="utf-8")
    done = subprocess.run(
        [tool, "config", "--format", "json"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    data: dict[str, Any] = json.loads(done.stdout)
    return data


class TestDockerComposeReadsTheFiles:
    TOKENS = (
        (ROOT / ".env.example")
        .read_text(encoding="utf-8")
        .replace("_APP_TOKEN=", "_APP_TOKEN=xapp-1")
        .replace("_BOT_TOKEN=", "_BOT_TOKEN=xoxb-1")
    )

    def test_with_two_tokens_and_nothing_else(self, tmp_path: Path) -> None:
        data = _resolved(tmp_path, self.TOKENS)
        [(name, bot)] = data["services"].items()
        assert (name, bot["read_only"], bot["user"]) == ("bot", True, "1000:1000")
        given = bot["environment"]
        assert (given["SLACK_BOT_TOKEN"], given["SLACK_APP_TOKEN"]) == ("xoxb-1", "xapp-1")
        assert given["MARGINALIA_DATABASE_URL"] == "sqlite:////marginalia/var/marginalia.db"
        assert {port["host_ip"] for port in bot["ports"]} == {"127.0.0.1"}
        places = {mount["target"]: mount["type"] for mount in bot["volumes"]}
        assert places == {"/marginalia/schedules": "bind", "/marginalia/var": "volume"}

    def test_with_ports(self, tmp_path: Path) -> None:
        ports = "HEALTH_PORT=9090\nBOARD_PORT=9091\nBOARD_ADDRESS=0.0.0.0\nMARGINALIA_PORT=3000\n"
        bot = _resolved(tmp_path, self.TOKENS + ports)["services"]["bot"]
        published = {(p.get("published"), p["target"], p["host_ip"]) for p in bot["ports"]}
        assert published == {
            ("9090", 8080, "127.0.0.1"),
            ("9091", 8081, "0.0.0.0"),
            ("3000", 3000, "127.0.0.1"),
        }
        assert bot["environment"]["MARGINALIA_BOARD_PORT"] == "8081"

    def test_with_postgresql_and_any_password(self, tmp_path: Path) -> None:
        both = "COMPOSE_FILE=docker-compose.yml:docker-compose.postgres.yml\n"
        data = _resolved(tmp_path, f"{self.TOKENS}{both}POSTGRES_PASSWORD='a@b/c$x#y'\n")
        services = data["services"]
        assert set(services) == {"bot", "password", "database"}
        # Compose prints `$` as `$$`, so that it could read what it prints.
        assert services["password"]["environment"]["GIVEN"] == "a@b/c$$x#y"
        given = services["bot"]["environment"]
        assert given["MARGINALIA_DATABASE_URL"] == "postgresql://marginalia@database/marginalia"
        assert services["bot"]["depends_on"]["database"]["condition"] == "service_healthy"
        assert "/marginalia/var" in {mount["target"] for mount in services["bot"]["volumes"]}


def test_the_linter_has_nothing_to_say_of_the_dockerfile() -> None:
    done = subprocess.run(
        [_tool("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
