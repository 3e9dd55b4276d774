"""`camwire events` as people and scripts call it."""

import json
import subprocess
import sys

import pytest

from camwire.cli.errors import CommandError
from camwire.cli.events import begin_of
from camwire.server.events.event import StoredEvent
from camwire.server.events.store import Bounds, EventStore

CAMWIRE = [sys.executable, "-c", "import sys; from camwire.cli import main; sys.exit(main())"]


def events(*arguments):
    return subprocess.run(
        [*CAMWIRE, "events", *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "camwire.yaml"
    file.write_text("cameras: []\nevents: {file: kept.db}\n")
    return file


@pytest.mark.integration
def test_events_of_the_file_that_the_configuration_names(tmp_path, config):
    missing = events(config)
    assert (missing.returncode, "kept.db: there is no such file" in missing.stderr) == (1, True)
    store = EventStore(tmp_path / "kept.db", Bounds())
    about = {"class": "person", "object": 7, "value": 2.25}
    store.add(
        [
            StoredEvent("w-1", 1_000_000_000.0, "gate", "yard", "exit", about),
            StoredEvent("w-2", 1_000_000_001.5, "yard", "door", "in", {"value": None}),
        ]
    )
    text = events(config)
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.splitlines() == [
        "2001-09-09 01:46:40.000+00:00  gate  yard  exit  person #7  2.2",
        "2001-09-09 01:46:41.500+00:00  yard  door  in",
    ]
    (line,) = events(config, "--json", "--camera", "gate", "--since", "2001-09-09").stdout.splitlines()
    assert json.loads(line) == {
        "number": 1, "id": "w-1", "time": 1_000_000_000.0, "camera": "gate", "rule": "yard", "kind": "exit",
        "score": None, "box": None, "counts": None, **about
    }  # fmt: skip
    assert events(config, "--since", "1h").stdout == ""
    store.close()


def test_ages_and_times():
    assert begin_of("90m", 10_000) == 10_000 - 5400
    assert begin_of("2d", 1e6) == 1e6 - 172_800
    assert begin_of("1970-01-02T00:00", 0) == 86_400
    assert begin_of("1970-01-02T01:00+01:00", 0) == 86_400
    for wrong in ("", "soon", "xh", "12", "1e400d", "nans"):
        with pytest.raises(CommandError):
            begin_of(wrong, 0)
