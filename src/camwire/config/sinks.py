"""Where events are sent on to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from string import Formatter
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from camwire.config.base import ConfigModel
from camwire.config.camera import CameraId
from camwire.config.paths import FilePath
from camwire.config.secrets import SecretUrl

PLACEHOLDERS = ("camera", "rule", "kind", "class")


def _with_scheme(*schemes: str) -> AfterValidator:
    def check(url: SecretUrl) -> SecretUrl:
        if url.scheme not in schemes or not url.host:
            raise ValueError(f"expected a URL that begins with {' or '.join(schemes)} and ://, and a host")
        try:
            _ = urlsplit(url.reveal()).port
        except ValueError:
            raise ValueError("the URL's host or port is none; a port is 0 to 65535") from None
        return url

    return AfterValidator(check)


def _topic(template: str) -> str:
    if not _holds_placeholders_only(template):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"a topic may hold {known}; a brace by itself is written twice")
    topic = template.format(**dict.fromkeys(PLACEHOLDERS, "x"))
    if not topic or any(sign in topic for sign in "+#\0") or len(topic.encode()) > 1000:
        raise ValueError("a topic to send to has no + and no #, and 1 to 1000 bytes")
    return template


def _holds_placeholders_only(template: str) -> bool:
    """Python's formats know attributes, items, conversions and widths besides."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return False
    return all(
        name is None or (name in PLACEHOLDERS and not width and conversion is None)
        for _, name, width, conversion in parts
    )


class SinkConfig(ConfigModel):
    """What all sinks have in common."""

    name: str = Field(
        min_length=1,
        max_length=100,
        description="Names the sink in statistics; unique. What it has had already is remembered by it.",
    )
    enabled: bool = Field(True, description="While it isn't, events wait for it.")
    cameras: tuple[CameraId, ...] | None = Field(
        None, min_length=1, description="Only events of these cameras; all where absent."
    )
    rules: tuple[str, ...] | None = Field(
        None, min_length=1, description="Only events of these rules; all where absent."
    )
    kinds: tuple[str, ...] | None = Field(
        None, min_length=1, description="Only events of these kinds (`enter`, `in`, …); all where absent."
    )

    def takes(self, camera: str, rule: str, kind: str) -> bool:
        """Whether events of that camera, rule and kind are for it."""
        chosen = ((self.cameras, camera), (self.rules, rule), (self.kinds, kind))
        return all(wanted is None or value in wanted for wanted, value in chosen)


class WebhookConfig(SinkConfig):
    """Each event as JSON in a POST of its own."""

    url: Annotated[SecretUrl, _with_scheme("http", "https")] = Field(description="`http://` or `https://`.")
    secret: SecretStr | None = Field(
        None,
        min_length=8,
        description="Signs each request (HMAC-SHA256), so that the receiver knows who sent it. Take it from "
        "the environment: `${WEBHOOK_SECRET}`.",
    )
    timeout_s: float = Field(10, ge=0.1, le=300, description="Seconds that an answer may take.")


class MqttConfig(SinkConfig):
    """Each event as JSON in a message of QoS 1."""

    url: Annotated[SecretUrl, _with_scheme("mqtt", "mqtts")] = Field(
        description="`mqtt://user:${MQTT_PASSWORD}@host:1883`, or `mqtts://` with TLS (port 8883)."
    )
    topic: Annotated[str, AfterValidator(_topic)] = Field(
        "camwire/{camera}/{rule}/{kind}",
        description="Where to; `{camera}`, `{rule}`, `{kind}` and `{class}` stand for the event's own.",
    )
    ca_file: FilePath | None = Field(
        None, description="Certificates to trust in place of the system's, for `mqtts://`; a PEM file."
    )
    timeout_s: float = Field(10, ge=0.1, le=300, description="Seconds that an answer may take.")


class JsonLinesConfig(SinkConfig):
    """Each event as JSON on a line of a file."""

    file: FilePath = Field(
        min_length=1, description="The file. A relative path begins at the configuration's folder."
    )
    max_mb: float = Field(
        100, gt=0, le=1_000_000, description="A file of so many MB is put aside as `FILE.1`, `FILE.2`, …"
    )
    keep: int = Field(5, ge=1, le=1000, description="How many files are put aside; the oldest are deleted.")


class SinksConfig(ConfigModel):
    """Where events are sent on to: each at least once, in order, tried again until they are taken."""

    webhooks: tuple[WebhookConfig, ...] = Field((), description="Programs that take events over HTTP.")
    mqtt: tuple[MqttConfig, ...] = Field((), description="MQTT brokers.")
    files: tuple[JsonLinesConfig, ...] = Field((), description="Files of JSON lines.")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        taken = [name for name, times in Counter(sink.name for sink in self.all()).items() if times > 1]
        if taken:
            raise ValueError(f"two sinks have the name {taken[0]!r}; names are unique")
        return self

    def all(self) -> tuple[SinkConfig, ...]:
        return (*self.webhooks, *self.mqtt, *self.files)

    def secrets(self) -> Sequence[SecretUrl | str]:
        """What must never be shown."""
        return [
            *(hook.url for hook in self.webhooks),
            *(broker.url for broker in self.mqtt),
            *(hook.secret.get_secret_value() for hook in self.webhooks if hook.secret),
        ]

    def revealed(self) -> dict[str, Any]:
        """All that isn't a default as plain values, secrets too: never to be shown."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        for told, hook in zip(values.get("webhooks", ()), self.webhooks, strict=True):
            told["url"] = hook.url.reveal()
            if hook.secret is not None:
                told["secret"] = hook.secret.get_secret_value()
        for told, broker in zip(values.get("mqtt", ()), self.mqtt, strict=True):
            told["url"] = broker.url.reveal()
        return values
