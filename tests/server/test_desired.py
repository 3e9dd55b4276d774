"""Configuration and wishes to one document."""

import pytest

from camwire.config.camera import CameraConfig
from camwire.config.output import OverlayConfig
from camwire.config.root import Config
from camwire.config.secrets import SecretUrl
from camwire.link.desired import DesiredCamera, View
from camwire.link.messages import decode_downward, encode
from camwire.server.desired import Desired, UnknownToggleError
from tests.server.configs import config


def test_the_document_says_all_that_the_configuration_says() -> None:
    url = "rtsp://user:secret@host/x"
    camera = CameraConfig(id="gate", url=SecretUrl(url), transport="udp", latency_ms=7, drop_on_latency=False)
    given = Config(cameras=(camera,))
    document = Desired(given).document()
    assert document.cameras == (
        DesiredCamera(id="gate", url=url, enabled=True, transport="udp", latency_ms=7, drop_on_latency=False),
    )
    assert (document.output.width, document.output.height) == (1280, 720)
    assert (document.output.max_fps, document.output.jpeg_quality) == (20.0, 85)
    assert document.model.file == given.model.file
    assert document.tracker.type == "bytetrack"
    assert document.toggles == {
        "boxes": True,
        "labels": True,
        "traces": True,
        "keypoints": True,
        "masks": True,
        "zones": True,
        "lines": True,
    }
    assert decode_downward(encode(document)) == document
    assert "secret" not in repr(document)


def test_each_change_is_a_new_revision_and_no_change_is_none() -> None:
    desired = Desired(config("a", "b"))
    first = desired.document()
    assert first.revision >= 1
    assert desired.set_toggle("boxes", False)
    assert not desired.set_toggle("boxes", False)
    assert desired.document().revision == first.revision + 1
    assert desired.document().toggles["boxes"] is False
    assert desired.watch({("b", "full"): 0.0})
    assert not desired.watch({("b", "full"): 0.0})
    desired.clear_statistics()
    document = desired.document()
    assert (document.revision, document.stats_epoch) == (first.revision + 3, first.stats_epoch + 1)


def test_watched_cameras_are_known_ones_in_configuration_order() -> None:
    desired = Desired(config("b", "a", "c"))
    desired.watch({("c", "full"): 0.0, ("b", "full"): 0.0, ("gone", "full"): 0.0})
    assert desired.document().watched == ("b", "c")
    assert desired.document().views == ()


def test_what_is_wanted_besides_full_pictures_is_told_with_its_rate() -> None:
    desired = Desired(config("b", "a"))
    desired.watch({("b", "thumbnail"): 5.0, ("a", "full"): 2.0, ("a", "objects"): 0.0})
    document = desired.document()
    assert document.watched == ()
    assert document.views == (
        View(camera="a", rendition="full", max_fps=2.0),
        View(camera="a", rendition="objects"),
        View(camera="b", rendition="thumbnail", max_fps=5.0),
    )
    assert desired.watched == {"a", "b"}
    assert decode_downward(encode(document)) == document


def test_another_configuration_sets_the_toggles_that_it_starts_otherwise() -> None:
    desired = Desired(config("a"))
    desired.set_toggle("labels", False)
    changed = config("b").model_copy(update={"overlay": OverlayConfig(boxes=False)})
    desired.use(changed)
    assert (desired.toggles["boxes"], desired.toggles["labels"]) == (False, False)
    assert [camera.id for camera in desired.document().cameras] == ["b"]


def test_an_unknown_toggle_changes_nothing() -> None:
    desired = Desired(config("a"))
    revision = desired.revision
    with pytest.raises(UnknownToggleError):
        desired.set_toggle("box", True)
    assert desired.revision == revision
    assert "box" not in desired.toggles


def test_a_document_is_not_changed_by_what_comes_later() -> None:
    desired = Desired(config("a"))
    document = desired.document()
    desired.set_toggle("labels", False)
    assert document.toggles["labels"] is True
