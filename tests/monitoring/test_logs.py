"""Log lines: everything through one handler, and no secret in any of them."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.config.secrets import SecretRegistry, SecretUrl, encoded
from camwire.monitoring import logs

SECRET = "Tr0ub4dor"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
passwords = st.builds(lambda before, after: f"{before}{SECRET}{after}", texts, texts)


def nested(leaf: object) -> st.SearchStrategy[object]:
    """Structures that hold ``leaf`` somewhere."""
    return st.recursive(
        st.just(leaf),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=2),
            st.tuples(st.integers(), inner),
            st.dictionaries(texts, inner, min_size=1, max_size=2),
        ),
        max_leaves=4,
    )


@settings(deadline=None)
@given(st.data(), passwords)
def test_no_value_of_an_event_shows_a_secret(data: st.DataObject, password: str) -> None:
    registry = SecretRegistry()
    url = SecretUrl(f"rtsp://admin:{encoded(password)}@10.0.0.5/s")
    registry.add(url)
    leaf = data.draw(st.sampled_from([password, url, url.reveal(), password.encode(), ValueError(password)]))
    event = {"event": f"opening {url.reveal()}", "value": data.draw(nested(leaf)), password: 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "SECRETS", registry)
        shown = logs.redact_event(None, "info", event)
    assert SECRET not in str(shown)
    json.dumps(shown)


def test_plain_values_keep_their_types() -> None:
    event = {"event": "x", "n": 1, "f": 0.5, "b": True, "none": None, "list": [1], "map": {"a": 2}}
    assert logs.redact_event(None, "info", dict(event)) == event


def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="no log level is called 'loud'; known: debug, info, warning, error"):
        logs.setup_logging("loud")


PROGRAM = """\
import logging, sys, threading, warnings
import structlog
from camwire.config.secrets import SECRETS, SecretUrl
from camwire.monitoring.logs import setup_logging

password = "p@ss/wörd%1 'x'"
url = SecretUrl("rtsp://admin:p%40ss%2Fw%C3%B6rd%251%20'x'@10.0.0.5/s")
SECRETS.add(url)
setup_logging("info", json=sys.argv[1] == "json")
log = structlog.get_logger("camwire.sources")
log.debug("too quiet to be shown")
log.info("structured", url=url.reveal(), error=ValueError(password))
logging.getLogger("libav").error("could not open %s", url.reveal())
try:
    raise OSError(f"401 for {password}")
except OSError:
    log.exception("with a traceback")
warnings.warn(f"warned of {password}")
thread = threading.Thread(target=lambda: int(password))
thread.start()
thread.join()
raise RuntimeError(f"the end: {password}")
"""


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["json", "people"])
def test_nothing_that_a_process_logs_shows_a_secret(kind: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, kind], capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    for part in ("p@ss", "p%40ss", "w\\xf6rd", "rd%1"):
        assert part not in done.stderr
    for line in ("structured", "could not open", "with a traceback", "warned of", "in thread", "the end"):
        assert line in done.stderr
    assert "too quiet" not in done.stderr
    assert done.stderr.count("Traceback (most recent call last)") == 3
    if kind == "json":
        events = [json.loads(line) for line in done.stderr.splitlines()]
        assert [event["level"] for event in events] == [
            "info",
            "error",
            "error",
            "warning",
            "critical",
            "critical",
        ]
        assert events[0]["url"] == "rtsp://***@10.0.0.5/s"
