"""The WebSocket protocol, by bytes."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camwire.link.pictures import (
    FrameHeader,
    FrameObjects,
    NvdsFrame,
    NvdsObject,
    decode_objects,
    encode_objects,
)
from camwire.server import wire


def test_a_picture_is_length_id_jpeg() -> None:
    assert wire.picture("gate", b"\xff\xd8\xff") == b"\x04gate\xff\xd8\xff"


def test_the_length_counts_bytes_of_utf8() -> None:
    assert wire.picture("Tür", memoryview(b"J")) == b"\x04T\xc3\xbcrJ"


@settings(deadline=None)
@given(camera=st.text(min_size=1, max_size=60), jpeg=st.binary(max_size=50))
def test_a_picture_can_be_taken_apart_again(camera: str, jpeg: bytes) -> None:
    message = wire.picture(camera, jpeg)
    length = message[0]
    assert message[1 : 1 + length].decode() == camera
    assert message[1 + length :] == jpeg


def test_an_id_of_255_bytes_fits_and_a_longer_one_does_not() -> None:
    assert wire.picture("x" * 255, b"")[0] == 255
    with pytest.raises(ValueError, match="256"):
        wire.picture("x" * 256, b"")


def test_messages_to_the_client_are_json_objects_with_a_type() -> None:
    assert json.loads(wire.toggles_message({"boxes": True})) == {
        "type": "toggles",
        "toggles": {"boxes": True},
    }
    assert json.loads(wire.error_message("ö")) == {"type": "error", "message": "ö"}
    assert json.loads(wire.stats_message({"time": 1.5})) == {"type": "stats", "time": 1.5}


def test_statistics_hold_no_number_that_json_has_not() -> None:
    assert json.loads(wire.stats_message({"x": float("nan")})) == {"type": "stats", "x": None}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ('{"type": "clear_stats"}', wire.ClearStats()),
        ('{"type":"clear_stats","more":1}', wire.ClearStats()),
        ('{"type":"clear_stats","rules":null}', wire.ClearStats()),
        ('{"type":"clear_stats","rules":["a","b"]}', wire.ClearStats(("a", "b"))),
        ('{"enabled":false,"toggle":"boxes","type":"set_vis_toggle"}', wire.SetVisToggle("boxes", False)),
    ],
)
def test_what_clients_may_say(text: str, meaning: object) -> None:
    assert wire.parse_client_message(text) == meaning


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "object"),
        ("{}", "type"),
        ('{"type": 1}', "type"),
        ('{"type": "clear_stats", "rules": "a"}', "rules"),
        ('{"type": "explode"}', "known types: clear_stats, set_vis_toggle"),
        ('{"type": "set_vis_toggle", "enabled": true}', "toggle"),
        ('{"type": "set_vis_toggle", "toggle": "boxes", "enabled": "yes"}', "enabled"),
        ('{"type":"clear_stats","x":' + "[" * 60_000, "nested"),
        ('"\ud800"', "Unicode"),
    ],
)
def test_what_is_wrong_is_said(text: str, part: str) -> None:
    parsed = wire.parse_client_message(text)
    assert isinstance(parsed, wire.Wrong)
    assert part in parsed.problem


def test_binary_messages_end_the_connection() -> None:
    assert wire.parse_client_message(b"{}") == wire.Refused(1003, "only text messages are understood")


@settings(deadline=None)
@given(st.text() | st.binary())
@example('{"type": "set_vis_toggle", "toggle": null, "enabled": true}')
def test_any_message_has_an_answer(message: str | bytes) -> None:
    parsed = wire.parse_client_message(message)
    assert isinstance(parsed, wire.ClearStats | wire.SetVisToggle | wire.Wrong | wire.Refused)
    if isinstance(parsed, wire.Wrong):
        assert json.loads(wire.error_message(parsed.problem))["message"] == parsed.problem
        assert len(parsed.problem) < 200


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["type", "toggle", "enabled", "x"]),
        st.sampled_from(["clear_stats", "set_vis_toggle", "boxes", True]) | _json,
    )
)
def test_only_a_whole_wish_is_granted(message: dict[str, object]) -> None:
    parsed = wire.parse_client_message(json.dumps(message))
    if isinstance(parsed, wire.SetVisToggle):
        assert (parsed.toggle, parsed.enabled) == (message["toggle"], message["enabled"])
        assert message["type"] == "set_vis_toggle"
    elif isinstance(parsed, wire.ClearStats):
        assert message["type"] == "clear_stats"
    else:
        assert isinstance(parsed, wire.Wrong)


def test_an_unknown_toggle_is_named_but_not_at_any_length() -> None:
    assert (
        wire.unknown_toggle("box", ["boxes", "labels"]).problem
        == "unknown toggle 'box'; known: boxes, labels"
    )
    assert len(wire.unknown_toggle("x" * 60_000, ["boxes"]).problem) < 120


HEADERS = st.builds(
    FrameHeader,
    camera=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
    sequence=st.integers(0, 2**64 - 1),
    epoch=st.just(0),
    width=st.integers(0, 65535),
    height=st.integers(0, 65535),
    captured=st.integers(0, 2**50).map(lambda microseconds: microseconds / 1e6),
    arrived=st.just(0.0),
    published=st.just(0.0),
    rendition=st.sampled_from(["full", "thumbnail"]),
)


@given(HEADERS, st.binary(max_size=20))
def test_an_extended_picture_says_all_and_is_no_plain_one(header: FrameHeader, jpeg: bytes) -> None:
    message = wire.extended_picture(header, jpeg)
    assert message[0] == 0
    assert wire.parse_extended(message) == (header, jpeg)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_extended_picture_or_a_value_error(data: bytes) -> None:
    try:
        header, jpeg = wire.parse_extended(data)
    except ValueError:
        return
    assert wire.extended_picture(header, jpeg) == data


def test_an_extended_picture_byte_by_byte() -> None:
    header = FrameHeader(
        camera="tür",
        sequence=258,
        epoch=3,
        width=1280,
        height=720,
        captured=1.5,
        arrived=9.0,
        published=9.5,
    )
    assert (
        wire.extended_picture(header, b"\xff\xd8")
        == (b"\x00\x01\x00\x04" + b"\0\0\0\0\0\0\x01\x02" + b"\0\0\0\0\0\x16\xe3\x60" + b"\x05\x00\x02\xd0")
        + "tür".encode()
        + b"\xff\xd8"
    )


SUBSCRIPTIONS = st.fixed_dictionaries(
    {"type": st.just("subscribe")},
    optional={
        "cameras": st.none() | st.lists(st.text(max_size=5), max_size=3) | st.integers(),
        "max_fps": st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
        "size": st.sampled_from(["full", "thumbnail", "huge", None]),
        "frames": st.booleans() | st.integers(),
        "metadata": st.booleans(),
        "header": st.sampled_from(["plain", "extended", "bare"]),
        "more": st.none(),
    },
)


@given(SUBSCRIPTIONS)
def test_any_subscription_is_understood_or_told_wrong(wish: dict[str, object]) -> None:
    parsed = wire.parse_client_message(json.dumps(wish))
    assert isinstance(parsed, wire.Subscribe | wire.Wrong)
    if isinstance(parsed, wire.Subscribe):
        answer = json.loads(wire.subscribed_message(parsed))
        assert answer.pop("type") == "subscribed"
        assert {key: answer[key] for key in wish if key != "type"} == {
            key: value for key, value in wish.items() if key != "type"
        }


def test_deepstreams_metadata_stands_with_the_frame_and_with_its_objects():
    told = NvdsObject(
        roi_status=["YARD"],
        oc_status=[],
        lc_status=["DOOR"],
        dir_status=" DIR:NORTH ",
        obj_status=" ROI:YARD DIR:NORTH  LC:DOOR ",
    )
    frame = NvdsFrame(
        oc_status={"HALL": True},
        obj_in_roi_cnt={"YARD": 1, "HALL": 4},
        obj_lc_curr_cnt={"DOOR": 1},
        obj_lc_cum_cnt={"DOOR": 9},
        obj_cnt={"person": 2},
        objects={1: told},
    )
    objects = FrameObjects(
        ids=[7, 8],
        classes=["person"] * 2,
        scores=[0.5, 0.6],
        boxes=[[0.0, 0.0, 1.0, 1.0]] * 2,
        nvdsanalytics=frame,
    )
    header = FrameHeader(
        camera="gate", sequence=1, epoch=0, width=64, height=36, captured=0.0, arrived=0.0, published=0.0
    )
    message = json.loads(wire.objects_message(header, decode_objects(encode_objects(objects))))
    assert message["nvdsanalytics"] == {
        "oc_status": {"HALL": True},
        "obj_in_roi_cnt": {"YARD": 1, "HALL": 4},
        "obj_lc_curr_cnt": {"DOOR": 1},
        "obj_lc_cum_cnt": {"DOOR": 9},
        "obj_cnt": {"person": 2},
    }
    assert "nvdsanalytics" not in message["objects"][0]
    assert message["objects"][1]["nvdsanalytics"] == {
        "roi_status": ["YARD"],
        "oc_status": [],
        "lc_status": ["DOOR"],
        "dir_status": " DIR:NORTH ",
        "obj_status": " ROI:YARD DIR:NORTH  LC:DOOR ",
    }
