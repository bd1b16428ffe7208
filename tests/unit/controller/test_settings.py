"""Settings: where they come from, which is stronger, and what a wrong one says."""

import pytest

from controller.configure import SettingsError, document, load, parse_override


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("SWITCHTALK_"):
            monkeypatch.delenv(name)


def test_defaults_are_safe():
    settings = load()
    assert settings.http.host == "127.0.0.1"
    assert settings.http.port == 8080
    assert settings.loopback_only
    assert settings.freeswitch.host == ""
    assert settings.database_url == "sqlite:///var/switchtalk.db"
    assert settings.default_bot == "demo"


def test_strength_environment_file_command_line(monkeypatch, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text("[http]\nport = 9002\n[bots.demo.barge_in]\nmin_ms = 222\n")
    monkeypatch.setenv("SWITCHTALK_HTTP__PORT", "9001")
    monkeypatch.setenv("SWITCHTALK_MAX_SESSIONS", "7")
    monkeypatch.setenv("SWITCHTALK_BOTS__DEMO__BARGE_IN__MIN_MS", "111")
    monkeypatch.setenv("SWITCHTALK_BOTS__SURVEY_ZH__SPEED", "1.5")
    assert load().http.port == 9001
    assert load().bots["demo"].barge_in.min_ms == 111
    settings = load(file)
    assert settings.http.port == 9002
    assert settings.max_sessions == 7
    assert settings.bots["demo"].barge_in.min_ms == 222
    assert settings.bots["survey_zh"].speed == 1.5
    assert settings.bots["survey_zh"].language == "zh"
    assert load(file, {"http.port": "9003"}).http.port == 9003
    monkeypatch.setenv("SWITCHTALK_CONFIG", str(file))
    assert load().http.port == 9002


def test_own_bots_stand_beside_the_built_in_ones(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[bots.mine]\nflow = "survey"\nnumber = 42\n[bots.mine.endpoint]\nstop_ms = 400\n')
    settings = load(file)
    assert {"demo", "mine"} <= settings.bots.keys()
    assert settings.bots["mine"].endpoint.stop_ms == 400


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("http.port", "70000", "less than or equal to 65535"),
        ("http.port", "abc", "integer"),
        ("htp.port", "1", "no such setting"),
        ("bots.demo.language", "fr", "'en' or 'zh'"),
        ("bots.demo.time_zone", "Mars/Base", "IANA"),
        ("bots.demo.barge_in.min_ms", "-1", "greater than or equal to 0"),
        ("bots.demo.phrases.nonsense", "x", "unknown phrase"),
        ("bots.demo.vad.off_probability", "0.9", "must not be above"),
        ("bots.demo.number", "1", "same number"),
        ("default_bot", "nobody", "not among the bots"),
        ("engines.workers", "0", "greater than or equal to 1"),
        ("log.level", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_setting_names_itself_its_value_and_what_is_allowed(name, value, says):
    with pytest.raises(SettingsError) as caught:
        load(None, {name: value})
    text = str(caught.value)
    assert says in text
    assert name.split(".")[0] in text or "number" in text


def test_broken_sources_are_told(monkeypatch, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text("[http\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(file)
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="expected NAME=VALUE"):
        parse_override("http.port")
    monkeypatch.setenv("SWITCHTALK_HTPP__PORT", "1")
    with pytest.raises(SettingsError, match="SWITCHTALK_HTPP__PORT"):
        load()
    monkeypatch.delenv("SWITCHTALK_HTPP__PORT")
    monkeypatch.setenv("SWITCHTALK_HTTP__ALLOWED_HOSTS", "not json")
    with pytest.raises(SettingsError, match="JSON"):
        load()


def test_a_secret_is_not_repeated_in_errors():
    with pytest.raises(SettingsError) as caught:
        load(None, {"notifications.webhook_secret": {"hunter2": 1}})
    assert "hunter2" not in str(caught.value)


def test_every_setting_is_documented():
    undocumented = [name for name, _, _, meaning in document(load()) if not meaning]
    assert undocumented == []
