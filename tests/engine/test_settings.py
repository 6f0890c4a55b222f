"""Settings come from the environment; a wrong one stops the start and says what was expected."""

import pytest

from engine.errors import WrongSetting
from engine.settings import Settings


def test_settings_are_read_from_the_environment():
    settings = Settings.from_env({"TROIKA_PORT": "9000", "TROIKA_LOCALE": "en", "PATH": "/bin"})

    assert (settings.port, settings.locale, settings.sqlite) == (9000, "en", True)


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"TROIKA_PORT": "many"}, "TROIKA_PORT"),
        ({"TROIKA_PROT": "9000"}, "TROIKA_PROT"),
        ({"TROIKA_DATABASE_URL": "mysql://x"}, "TROIKA_DATABASE_URL"),
        ({"TROIKA_MODE": "prod"}, "TROIKA_MODE"),
        ({"TROIKA_TIMEZONE": "Peking"}, "TROIKA_TIMEZONE"),
        ({"TROIKA_CRASH_AT": "commit"}, "TROIKA_CRASH_AT"),
        ({"TROIKA_TESTING": "yes"}, "TROIKA_TESTING"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(environment, name):
    with pytest.raises(WrongSetting) as refusal:
        Settings.from_env(environment)

    assert refusal.value.facts["name"] == name
