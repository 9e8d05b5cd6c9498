"""A setting comes from the command line, else the environment, else ``comity.toml``, else its default."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.config.settings import ROOMS, SETTINGS, Settings, load_settings
from comity.config.signals import SECRETS, SignalSettings
from comity.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own."""
    for name in (*SETTINGS, *SECRETS):
        monkeypatch.delenv(f"COMITY_{name.upper()}", raising=False)


def write(folder: Path, text: str) -> Path:
    path = folder / "comity.toml"
    path.write_text(text, "utf-8")
    return path


def test_every_field_of_the_settings_is_a_setting_with_a_description() -> None:
    own = {name.removesuffix("_dir") for name in Settings.__dataclass_fields__ if name != "signals"}
    signals = set(SignalSettings.__dataclass_fields__) - set(SECRETS)

    assert {name.replace("ledger_url", "ledger") for name in own} | signals == set(SETTINGS)
    assert all("Default: " in text for text in SETTINGS.values())


def test_without_any_the_defaults_are_for_the_working_folder(tmp_path: Path) -> None:
    settings = load_settings(start=tmp_path)

    assert settings.data_dir == tmp_path / "data"
    assert settings.federation == ROOT  # what is shipped: here the repository itself
    assert (settings.ledger_url, settings.memory_limit) == (None, "512MB")
    assert settings.jobs >= 1


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 'data = "by-file"\njobs = 3\nmemory_limit = "1GB"\n')
    monkeypatch.setenv("COMITY_DATA", "by-environment")
    monkeypatch.setenv("COMITY_JOBS", "4")

    by_line, by_environment = load_settings("by-line", jobs=5, start=tmp_path), load_settings(start=tmp_path)
    monkeypatch.delenv("COMITY_DATA")
    by_file = load_settings(start=tmp_path)

    assert [each.data_dir.name for each in (by_line, by_environment, by_file)] == [
        "by-line", "by-environment", "by-file",
    ]  # fmt: skip
    assert [each.jobs for each in (by_line, by_environment)] == [5, 4]
    assert by_file.memory_limit == "1GB"


def test_paths_count_from_the_working_folder(tmp_path: Path) -> None:
    write(tmp_path, 'data = "x/../data"\nfederation = "content"\n')

    settings = load_settings(start=tmp_path)

    assert (settings.data_dir, settings.federation) == (tmp_path / "data", tmp_path / "content")


def test_the_nearest_folder_above_that_has_the_four_rooms_is_the_federation(tmp_path: Path) -> None:
    for room in ROOMS:
        (tmp_path / room).mkdir()
    (tmp_path / "standard" / "standard.yaml").touch()
    below = tmp_path / "adapters" / "some-source"
    below.mkdir()

    assert load_settings(start=below).federation == tmp_path


@pytest.mark.parametrize(
    ("text", "code", "near"),
    [
        ('dta = "x"', "config.unknown-key", "did you mean 'data'?"),
        ("data = x", "config.bad-toml", ""),
        ("data = [1]", "config.invalid-value", ""),
        ("jobs = 0", "config.invalid-value", ""),
        ("jobs = true", "config.invalid-value", ""),
        ('jobs = "many"', "config.invalid-value", ""),
        ('memory_limit = "lots"', "config.invalid-value", ""),
        ('ledger = "postgresql://user:open-sesame@host/ledger"', "config.secret-in-file", ""),
        ('ledger = "postgresql://host/ledger?user=x&password=open-sesame"', "config.secret-in-file", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_an_error_that_names_it(
    tmp_path: Path, text: str, code: str, near: str
) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as error:
        load_settings(start=tmp_path)

    assert error.value.code == code
    assert error.value.file in (str(path), path.name)
    assert error.value.remedy and near in error.value.remedy
    assert "open-sesame" not in error.value.text()


def test_what_is_wrong_in_the_environment_is_an_error_that_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_JOBS", "-1")

    with pytest.raises(ConfigError) as error:
        load_settings(start=tmp_path)

    assert (error.value.file, error.value.found) == ("COMITY_JOBS", "-1")


def test_a_ledger_with_a_password_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_LEDGER", "postgresql://user:open-sesame@host/ledger")

    assert load_settings(start=tmp_path).ledger_url == "postgresql://user:open-sesame@host/ledger"


def test_who_is_told_stands_in_the_file_and_the_secrets_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        'webhook = "https://chat.example.org/hook"\nmail_to = "a@example.org, b@example.org"\n'
        'mail_server = "smtp+starttls://mail.example.org:587"\nmetrics_file = "comity.prom"\nlog = "json"\n',
    )
    monkeypatch.setenv("COMITY_WEBHOOK_TOKEN", "t0ken")
    monkeypatch.setenv("COMITY_MAIL_PASSWORD", "pa55word")

    signals = load_settings(start=tmp_path).signals

    assert signals.webhook == "https://chat.example.org/hook" and signals.log == "json"
    assert signals.mail_to == ("a@example.org", "b@example.org")
    assert signals.metrics_file == tmp_path / "comity.prom"
    assert signals.secrets == ("t0ken", "pa55word")
    assert "t0ken" not in repr(signals) and "pa55word" not in repr(signals)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_the_file_is_no_setting(tmp_path: Path, name: str) -> None:
    write(tmp_path, f'{name} = "x"\n')

    with pytest.raises(ConfigError, match=r"config\.unknown-key"):
        load_settings(start=tmp_path)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('webhook = "ftp://pl4nted/x"', "config.invalid-value"),
        ('webhook = "https://user:pl4nted@host/x"', "config.secret-in-file"),
        ('webhook = "https://[pl4nted"', "config.invalid-value"),
        ('openlineage_url = "marquez"', "config.invalid-value"),
        ('mail_server = "mail.example.org"', "config.invalid-value"),
        ('mail_server = "smtps://user:pl4nted@host"', "config.secret-in-file"),
        ('mail_to = "nobody"', "config.invalid-value"),
        ('log = "xml"', "config.invalid-value"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_the_night_and_not_repeated(
    tmp_path: Path, line: str, code: str
) -> None:
    write(tmp_path, line + "\n")

    with pytest.raises(ConfigError) as caught:
        load_settings(start=tmp_path)

    assert caught.value.code == code
    assert "pl4nted" not in caught.value.text()
