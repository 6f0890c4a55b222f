"""Settings of a process: read once from TROIKA_* environment variables, frozen, passed in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import WrongSetting

DEMO_SECRET_KEY = "only for trials: not secret"  # noqa: S105 - refused in production mode

_SINK = r"file:.+|mail:[^@\s]+@[^@\s]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is `TROIKA_<NAME>`; the table in the README is compared with it by a test."""

    database_url: str = "sqlite:///var/troika.db"
    library: Path = Path()
    """Folder that holds processes/ and forms/."""
    mode: str = "trial"
    """trial | production: production refuses demo accounts and the default secret key."""
    secret_key: str = DEMO_SECRET_KEY
    locale: str = "zh"
    timezone: str = "Asia/Shanghai"
    host: str = "127.0.0.1"
    port: int = 8080
    runner_threads: int = 2
    job_lease_seconds: int = 60
    job_retry: str = "R5/PT1M"
    inline_nodes: int = 100
    inline_ms: int = 50
    shutdown_grace_seconds: int = 25
    upload_limit_mb: int = 20
    outbound_allow: str = ""
    """Hosts that external operations and robots may call, separated by commas."""
    bank_hosts: str = ""
    """Hosts of banks, separated by commas, those below them too: nothing calls them past the approval of a payment."""
    revoke_when_disabled: bool = False
    """What somebody has approved and is not paid yet lapses when his account is disabled."""
    revoke_when_retired: bool = False
    """And when the policy under which it was approved leaves without a successor."""
    site_url: str = "http://127.0.0.1:8080"
    """How people reach the site: links in mails, groups and prints begin with it."""
    smtp_url: str = ""
    """smtp://user:password@host:25, with ?starttls=1, or smtps://…; nothing: no mail."""
    mail_from: str = "troika@localhost"
    seal_key: str = ""
    """Seals stored secrets; nothing: the secret key does."""
    anchor_every_minutes: int = 60
    """How often the record is anchored; at least daily."""
    anchor_sink: str = ""
    """file:FOLDER or mail:ADDRESS, separated by commas: where checkpoints go, out of reach of whoever owns the
    database."""
    anchor_key: str = ""
    """File of the private key that signs them: readable by the process that anchors and by nobody else."""
    webhook_keep_days: int = 90
    """How long events that were sent to other systems, dropped or given up are listed."""
    webhook_off_after_days: int = 3
    """A receiver to which nothing has arrived for so long is switched off."""
    urge_every_minutes: int = 120
    """How long somebody who was urged is left in peace."""
    verify_per_minute: int = 60
    """Codes of prints that one visitor may ask about in a minute."""
    substitution_amount: str = ""
    """A substitution for larger requests needs the word of the principal's manager; nothing: no amount does."""
    print_font: str = ""
    """A TrueType file that prints embed, for archives; nothing: STSong-Light, which the reader of a PDF brings."""
    crash_at: str = ""
    """Fault tests only: `point` or `point:hit`; refused unless `testing`."""
    testing: bool = False

    @property
    def sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")

    @property
    def upload_limit(self) -> int:
        """Bytes of one file."""
        return self.upload_limit_mb * 1024 * 1024

    @property
    def zone(self) -> ZoneInfo:
        """The zone of business dates."""
        return ZoneInfo(self.timezone)

    @property
    def amount_alone(self) -> Decimal | None:
        """Up to which amount somebody names a substitute by himself, None for any."""
        return Decimal(self.substitution_amount) if self.substitution_amount else None

    @property
    def lease(self) -> timedelta:
        """How long a claimed job belongs to its runner."""
        return timedelta(seconds=self.job_lease_seconds)

    @property
    def sinks(self) -> list[str]:
        """Where checkpoints go; unless told, a folder beside the database, which is good for trials only."""
        named = [text.strip() for text in self.anchor_sink.split(",") if text.strip()]
        return named or [f"file:{self._beside('anchors')}"]

    @property
    def key_file(self) -> Path:
        """Of the key that signs them; unless told, beside the database."""
        return Path(self.anchor_key) if self.anchor_key else self._beside("anchor.key")

    def _beside(self, name: str) -> Path:
        if not self.sqlite or ":memory:" in self.database_url:
            return Path("var") / name
        file = Path(self.database_url.removeprefix("sqlite:///"))
        return file.with_name(f"{file.stem}.{name}")

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "Settings":
        """Read TROIKA_* of `environment`. Raises WrongSetting naming the variable, its value and what was expected."""
        known = {f"TROIKA_{field.name.upper()}": field for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environment.items():
            if not name.startswith("TROIKA_"):
                continue
            if name not in known:
                raise WrongSetting(name=name, expected="one of " + ", ".join(sorted(known)), found=text)
            field = known[name]
            values[field.name] = _read(name, text, field.type)
        settings = cls(**values)
        settings.check()
        return settings

    def check(self) -> None:
        """Raise WrongSetting for a combination that cannot work."""
        if not self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise WrongSetting(
                name="TROIKA_DATABASE_URL",
                expected="sqlite:///path or postgresql+psycopg://user@host/database",
                found=self.database_url,
            )
        if self.mode not in ("trial", "production"):
            raise WrongSetting(name="TROIKA_MODE", expected="trial or production", found=self.mode)
        if self.locale not in ("zh", "en"):
            raise WrongSetting(name="TROIKA_LOCALE", expected="zh or en", found=self.locale)
        if self.smtp_url and not self.smtp_url.startswith(("smtp://", "smtps://")):
            raise WrongSetting(name="TROIKA_SMTP_URL", expected="smtp://… or smtps://…", found="another address")
        if not self.site_url.startswith(("http://", "https://")):
            raise WrongSetting(name="TROIKA_SITE_URL", expected="http://… or https://…", found=self.site_url)
        if not 1 <= self.urge_every_minutes <= 10_080:
            raise WrongSetting(
                name="TROIKA_URGE_EVERY_MINUTES", expected="1 to 10080 minutes", found=str(self.urge_every_minutes)
            )
        if not 1 <= self.anchor_every_minutes <= 1440:
            raise WrongSetting(
                name="TROIKA_ANCHOR_EVERY_MINUTES", expected="1 to 1440 minutes", found=str(self.anchor_every_minutes)
            )
        if any(re.fullmatch(_SINK, sink) is None for sink in self.sinks):
            raise WrongSetting(
                name="TROIKA_ANCHOR_SINK", expected="file:FOLDER or mail:ADDRESS, …", found=self.anchor_sink
            )
        if not self.smtp_url and any(sink.startswith("mail:") for sink in self.sinks):
            raise WrongSetting(
                name="TROIKA_ANCHOR_SINK", expected="TROIKA_SMTP_URL beside a mail address", found=self.anchor_sink
            )
        if self.substitution_amount and not re.fullmatch(r"\d{1,18}(\.\d{1,6})?", self.substitution_amount):
            raise WrongSetting(
                name="TROIKA_SUBSTITUTION_AMOUNT", expected="an amount such as 50000", found=self.substitution_amount
            )
        for name in ("webhook_keep_days", "webhook_off_after_days"):
            if not 1 <= getattr(self, name) <= 3650:
                raise WrongSetting(
                    name=f"TROIKA_{name.upper()}", expected="1 to 3650 days", found=str(getattr(self, name))
                )
        if self.verify_per_minute < 1:
            raise WrongSetting(
                name="TROIKA_VERIFY_PER_MINUTE", expected="a number from 1 on", found=self.verify_per_minute
            )
        if self.crash_at and not self.testing:
            raise WrongSetting(name="TROIKA_CRASH_AT", expected="nothing outside fault tests", found=self.crash_at)
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise WrongSetting(
                name="TROIKA_TIMEZONE", expected="a zone such as Asia/Shanghai", found=self.timezone
            ) from None


def _read(name: str, text: str, kind: Any) -> Any:
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise WrongSetting(name=name, expected="a whole number", found=text) from None
    if kind is bool:
        if text not in ("0", "1"):
            raise WrongSetting(name=name, expected="0 or 1", found=text)
        return text == "1"
    if kind is Path:
        return Path(text)
    return text
