"""Sinks in a configuration: every mistake with its place, no secret ever shown."""

from __future__ import annotations

import pytest

from camwire.config import ConfigError, load_text, loading
from camwire.server.document import MemoryDocument

TEXT = """\
cameras: []
sinks:
  webhooks:
    - name: hook
      url: "https://user:sesame5@example.org/events?token=hushhush"
      secret: "${SIGNING}"
      rules: [door]
  mqtt:
    - {name: broker, url: "mqtts://cam:sesame6@192.0.2.1", topic: "x/{camera}"}
  files:
    - {name: lines, file: events.jsonl, keep: 2}
"""
SECRET_PARTS = ("sesame5", "sesame6", "hushhush", "signing-key-1")


def parsed(text: str = TEXT):
    return load_text(text, "camwire.yaml", environment={"SIGNING": "signing-key-1"})


def test_sinks_are_read_and_their_secrets_never_shown() -> None:
    config = parsed()
    hook, broker, lines = config.sinks.all()
    assert hook.takes("any", "door", "in")
    assert not hook.takes("any", "yard", "in")
    assert config.sinks.webhooks[0].secret.get_secret_value() == "signing-key-1"
    for shown in (repr(config), str(config.sinks), config.model_dump_json(), repr((hook, broker, lines))):
        assert not any(secret in shown for secret in SECRET_PARTS)
    for secret in SECRET_PARTS:
        assert secret not in loading.SECRETS.redact(f"an error with {secret} in it")


def test_a_configuration_in_memory_keeps_its_secrets() -> None:
    assert MemoryDocument(parsed()).load().sinks == parsed().sinks


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("url: ftp://h/", "5:12: url: expected a URL that begins with http or https"),
        ("url: https://", "5:12: url: expected a URL"),
        ("secret: 12345678", "6:15: secret is not what it should be (it is not shown); allowed: text of 8"),
        ("secret: short", "6:15: secret is not what it should be (it is not shown)"),
        ("rulez: [door]", "7:7: unknown key 'rulez'"),
        ("topic: x/{camra}", "topic: a topic may hold {camera}, {rule}, {kind}, {class}"),
        ("topic: x/{camera.name}", "topic: a topic may hold {camera}, {rule}, {kind}, {class}"),
        ("topic: x/{camera[name]}", "topic: a topic may hold {camera}, {rule}, {kind}, {class}"),
        ("topic: x/{camera!r}", "topic: a topic may hold {camera}, {rule}, {kind}, {class}"),
        ("topic: x/{camera:>9999999999999}", "topic: a topic may hold {camera}, {rule}, {kind}, {class}"),
        ("topic: x/{camera", "topic: a topic may hold {camera}, {rule}, {kind}, {class}"),
        ("topic: x/#", "topic: a topic to send to has no + and no #"),
        ("url: https://example.org:http/", "5:12: url: the URL's host or port is none; a port is 0 to 65535"),
        ("broker: mqtt://192.0.2.1:99999", "9:27: url: the URL's host or port is none"),
        ("file: ~no-such-user/events.jsonl", "11:27: file: the path begins with ~, whose home folder isn't"),
        ("ca_file: ~no-such-user/ca.pem", "ca_file: the path begins with ~"),
        ("name: hook, url", "two sinks have the name 'hook'"),
    ],
)
def test_mistakes(wrong: str, problem: str) -> None:
    key = wrong.split(":")[0]
    replaced = {
        "url": ('url: "https://user:sesame5@example.org/events?token=hushhush"', wrong),
        "secret": ('secret: "${SIGNING}"', wrong),
        "rulez": ("rules: [door]", wrong),
        "topic": ('topic: "x/{camera}"', f'topic: "{wrong.split(": ", 1)[1]}"'),
        "name": ("name: broker, url", wrong),
        "broker": ("mqtts://cam:sesame6@192.0.2.1", wrong.partition(": ")[2]),
        "ca_file": ("name: broker", f"name: broker, {wrong}"),
        "file": ("file: events.jsonl", wrong),
    }[key]
    with pytest.raises(ConfigError) as raised:
        parsed(TEXT.replace(*replaced))
    assert problem in str(raised.value)
    assert "12345678" not in str(raised.value)
