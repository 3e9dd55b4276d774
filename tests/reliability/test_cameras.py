"""Each camera fault is said and ends, every frame is accounted for, and the other cameras don't notice."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import pytest

from tests.reliability.faults import FAULTS, PASSWORD, Fault
from tests.reliability.run import WITNESSES, Outcome, Story, play


@pytest.mark.integration
def test_all_faults_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    """One run, and then a look at what became of each camera.

    A connection is given up late: on a machine that does too much, a camera that is well may pause, too.
    """
    monkeypatch.setattr("camwire.sources.address.NETWORK_READ_TIMEOUT", 8.0)
    outcome = play(FAULTS, tmp_path)
    for fault in FAULTS:
        with subtests.test("the camera says what is wrong and comes back", fault=fault.name):
            assert_said_and_back(outcome.stories[fault.name], fault)
        with subtests.test("every frame of it is accounted for", fault=fault.name):
            assert_books_agree(outcome, fault.name)
    for name in WITNESSES:
        with subtests.test("a camera that is well does not notice", camera=name):
            assert_went_on(outcome, name)
    with subtests.test("no secret was said"):
        said = str([(story.states, story.said, story.last) for story in outcome.stories.values()])
        assert PASSWORD not in said
        assert "viewer:" not in said


def assert_said_and_back(story: Story, fault: Fault) -> None:
    if fault.says:
        assert story.said, f"never said; it was {sorted(story.states)}"
    else:
        assert_stayed(story)
    assert not isnan(story.back_after), f"it did not come back: {story.last}"
    assert story.last is not None
    assert fault.shows(story.last), story.last


def assert_stayed(story: Story) -> None:
    """Always live, in one connection; how its pictures hurry is a matter of the machine."""
    assert {state for state in story.states if state[0] != "stalled"} == {("live", "")}
    assert story.connections == 0


def assert_books_agree(outcome: Outcome, name: str) -> None:
    """Three independent counts: the source's, the recorder's, the publisher's."""
    story = outcome.stories[name]
    assert story.last is not None
    assert story.last.frames_in == story.source_total > 0
    assert story.last.frames_out == outcome.published[name] > 0
    assert story.last.frames_in == story.last.frames_out + sum(story.last.drops.values())


def assert_went_on(outcome: Outcome, name: str) -> None:
    assert_books_agree(outcome, name)
    story = outcome.stories[name]
    assert story.last is not None
    assert_stayed(story)
    assert set(story.last.drops) <= {"overwritten", "fps_cap", "stopped"}
    # Sixty come while the faults last; how many are left out by a machine that does too much is no matter.
    assert len(outcome.ages["during"]) >= 10
