"""Each camera fault is said and ends, every frame is accounted for, and the other cameras don't notice."""

from __future__ import annotations

from math import isnan

import pytest

from tests.reliability.faults import FAULTS, Fault
from tests.reliability.run import WITNESSES, Outcome, Story, play

pytestmark = pytest.mark.integration

every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """All faults at once; the tests look at what became of each camera."""
    return play(FAULTS, tmp_path_factory.mktemp("model"))


def assert_books_agree(outcome: Outcome, name: str) -> None:
    """Three independent counts: the source's, the recorder's, the publisher's."""
    story = outcome.stories[name]
    assert story.last is not None
    assert story.last.frames_in == story.source_total > 0
    assert story.last.frames_out == outcome.published[name] > 0
    assert story.last.frames_in == story.last.frames_out + sum(story.last.drops.values())


@every_fault
def test_the_camera_says_what_is_wrong_and_comes_back(outcome: Outcome, fault: Fault) -> None:
    story = outcome.stories[fault.name]
    if fault.says:
        assert story.said, f"never said; it was {sorted(story.states)}"
    else:
        assert story.states == {("live", "")}
        assert story.connections == 1
    assert not isnan(story.back_after), f"it did not come back: {story.last}"
    assert story.last is not None
    assert fault.shows(story.last), story.last


@every_fault
def test_every_frame_of_it_is_accounted_for(outcome: Outcome, fault: Fault) -> None:
    assert_books_agree(outcome, fault.name)


@pytest.mark.parametrize("name", WITNESSES)
def test_cameras_that_are_well_do_not_notice(outcome: Outcome, name: str) -> None:
    assert_books_agree(outcome, name)
    story: Story = outcome.stories[name]
    assert story.last is not None
    assert story.states == {("live", "")}
    assert story.connections == 1
    assert set(story.last.drops) <= {"overwritten", "fps_cap", "stopped"}
    # Sixty come while the faults last; how many are left out by a machine that does too much is no matter.
    assert len(outcome.ages["during"]) >= 10


def test_no_secret_was_said(outcome: Outcome) -> None:
    said = str([(story.states, story.said, story.last) for story in outcome.stories.values()])
    assert "viewer:" not in said
