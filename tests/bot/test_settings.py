"""Settings: every problem at once, in words that help, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import settings
from bot.errors import SettingsError

ROOT = Path(__file__).parents[2]

GROUPS = {
    "discord_token": "Needed",
    "gemini_model": "The voice",
    "parley_instruction": "Behaviour",
    "parley_log_level": "Running it",
    "discord_api_base": "Development: point the bot at stand-ins (`make loopback` prints the values)",
}


def render() -> str:
    """.env.example as the settings have it."""
    lines = ["# Copy to .env and fill in the first two. A line that begins with # shows a default."]
    for name, field in settings.Settings.model_fields.items():
        if name in GROUPS:
            lines += ["", f"# --- {GROUPS[name]} ---"]
        lines += ["", f"# {field.description}"]
        if field.is_required():
            lines.append(f"{name.upper()}=")
        else:
            default = "" if field.default is None else str(field.default)
            default = default.lower() if isinstance(field.default, bool) else default
            lines.append(f"# {name.upper()}={default!r}" if " " in default else f"# {name.upper()}={default}")
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*settings.names(), "GOOGLE_API_KEY"]:
        monkeypatch.delenv(name, raising=False)


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / ".env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings.load(path)
    return str(caught.value).splitlines()


def test_env_example_is_the_settings() -> None:
    assert (ROOT / ".env.example").read_text() == render(), "python tests/bot/test_settings.py > .env.example"


def test_example_filled_in_loads(tmp_path: Path) -> None:
    text = render().replace("_TOKEN=", "_TOKEN=t").replace("_API_KEY=", "_API_KEY=k")
    uncommented = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and "=" in line.split(" ")[1] else line
        for line in text.splitlines()
        if "PARLEY_CA_FILE" not in line
    )
    loaded = settings.load(write(tmp_path, uncommented))
    assert loaded.gemini_model == "gemini-3.8-live"
    assert loaded.parley_instruction == settings.DEFAULT_INSTRUCTION


def test_missing_names_say_where_to_get_them(tmp_path: Path) -> None:
    token, key = problems(tmp_path / "absent")
    assert token.startswith("DISCORD_TOKEN is not set.")
    assert "developer portal" in token
    assert key.startswith("GEMINI_API_KEY is not set.")


def test_google_api_key_is_an_alias(tmp_path: Path) -> None:
    loaded = settings.load(write(tmp_path, "DISCORD_TOKEN=t\nGEMINI_API_KEY=\nGOOGLE_API_KEY=k\n"))
    assert loaded.gemini_api_key.get_secret_value() == "k"


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "from-environment")
    loaded = settings.load(write(tmp_path, "DISCORD_TOKEN=from-file\nGEMINI_API_KEY=k\n"))
    assert loaded.discord_token.get_secret_value() == "from-environment"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DISCORD_TOKN=x\n", "line 1: unknown setting DISCORD_TOKN. Did you mean DISCORD_TOKEN?"),
        ("\n\nPARLEY_WHATEVER=1\n", "line 3: unknown setting PARLEY_WHATEVER"),
        ("# fine\nthis is not a setting\n", "line 2: not NAME=value"),
        (b"\xff\xfe\x00\x01", "cannot be read as UTF-8 text"),
    ],
)
def test_garbage_names_the_line(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert any(expected in line for line in problems(write(tmp_path, text)))


def test_all_bad_values_are_reported_and_none_is_repeated(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "DISCORD_TOKEN='hunter2 hunter2'\nGEMINI_API_KEY=k\nPARLEY_HANGOVER_MS=hunter2\n"
        "DISCORD_GATEWAY_URL=hunter2\nPARLEY_CA_FILE=hunter2\nPARLEY_TURN_DETECTION=hunter2\n",
    )
    lines = problems(path)
    assert {line.split(":")[0] for line in lines} == {
        "DISCORD_TOKEN",
        "PARLEY_HANGOVER_MS",
        "DISCORD_GATEWAY_URL",
        "PARLEY_CA_FILE",
        "PARLEY_TURN_DETECTION",
    }
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize(
    "url", ["mysql://host/parley", "sqlite://parley.db", "sqlite:///", "postgresql://", "postgresql://h:x/n"]
)
def test_a_database_that_is_none(tmp_path: Path, url: str) -> None:
    (line,) = problems(write(tmp_path, f"DISCORD_TOKEN=t\nGEMINI_API_KEY=k\nPARLEY_DATABASE_URL={url}\n"))
    assert line.startswith("PARLEY_DATABASE_URL: ")


def test_the_password_of_the_database_is_a_secret(tmp_path: Path) -> None:
    url = "postgresql://parley:hunter2%2Fhunter2@localhost/parley"
    loaded = settings.load(write(tmp_path, f"DISCORD_TOKEN=t\nGEMINI_API_KEY=k\nPARLEY_DATABASE_URL={url}\n"))
    assert "hunter" not in repr(loaded)
    assert {"hunter2%2Fhunter2", "hunter2/hunter2"} <= set(loaded.secrets)


def test_a_file_of_tools_that_is_named_must_be_there(tmp_path: Path) -> None:
    key = "DISCORD_TOKEN=a\nGEMINI_API_KEY=b\nPARLEY_TOOLS_FILE="
    assert problems(write(tmp_path, f"{key}{tmp_path}/none.toml")) == [
        "PARLEY_TOOLS_FILE: names a file that does not exist."
    ]
    there = tmp_path / "mine.toml"
    there.touch()
    assert settings.load(write(tmp_path, f"{key}{there}")).parley_tools_file == there


def test_a_file_takes_values_from_both_places_but_none_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE", "environment")
    monkeypatch.setenv("GOOGLE_API_KEY", "secret")
    file = write(tmp_path, "ONE=file\nTWO='b c'\nDISCORD_TOKEN=secret\ngemini_api_key=secret\nEMPTY\n")
    found = settings.environment(file)
    assert (found["ONE"], found["TWO"]) == ("environment", "b c")
    assert "secret" not in found.values()
    assert settings.environment(tmp_path / "none")["ONE"] == "environment"


def test_secrets_do_not_show_in_a_repr(tmp_path: Path) -> None:
    loaded = settings.load(write(tmp_path, "DISCORD_TOKEN=hunter2\nGEMINI_API_KEY=hunter3\n"))
    assert "hunter" not in repr(loaded)
    assert loaded.secrets == ["hunter2", "hunter3"]


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201
