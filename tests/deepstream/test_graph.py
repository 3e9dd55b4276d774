"""The pipeline as data, for every combination of the choices."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.deepstream.elements import Graph, Part
from camwire.deepstream.graph import assign_pads, build
from camwire.deepstream.printing import as_dot, as_text
from camwire.deepstream.property_table import TABLE, problems_with
from camwire.deepstream.sources import source_uri
from camwire.link.desired import DesiredDeepstream, DesiredDetection, DesiredTracker
from tests.deepstream.desired import NAMES, all_settings, camera, deepstream, desired, model

FOLDER = Path("/run/deepstream")
CAMERAS = (
    camera("gate"),
    camera("yard", "/videos/yard.mp4"),
    camera("off", enabled=False),
    camera("udp", "rtsp://192.0.2.2/", transport="udp", latency_ms=200, drop_on_latency=False),
)
SETTINGS = list(all_settings())


@cache
def graph_for(settings: DesiredDeepstream) -> Graph:
    state = desired(*CAMERAS, settings=settings)
    return build(state, NAMES, assign_pads(state, {}), FOLDER)


def named(settings: DesiredDeepstream) -> str:
    return "-".join([settings.mux, settings.preprocess, settings.tracker, settings.analytics, settings.osd])


@pytest.mark.parametrize("osd", ["native", "python"])
@pytest.mark.parametrize("mux", ["legacy", "new"])
def test_every_property_is_one_that_the_element_has(mux: str, osd: str) -> None:
    chosen = [settings for settings in SETTINGS if (settings.mux, settings.osd) == (mux, osd)]
    assert len(chosen) == 72
    for settings in chosen:
        for element in graph_for(settings).elements():
            assert problems_with(element.kind, element.properties) == [], named(settings)


def test_every_graph_is_whole() -> None:
    for settings in SETTINGS:
        graph = graph_for(settings)
        names = Counter(element.name for element in graph.elements())
        assert max(names.values()) == 1, named(settings)
        assert {link.source for link in graph.links()} | {link.sink for link in graph.links()} == set(names)
        for part in graph.parts():
            check_links(part, graph)
        for element in graph.elements():
            for key, value in element.properties.items():
                if isinstance(value, str) and value.startswith(f"{FOLDER}/"):
                    assert value.removeprefix(f"{FOLDER}/") in graph.files, (element.name, key)


def check_links(part: Part, graph: Graph) -> None:
    """Pads with a number are asked for; those of a source appear; others are taken as they are."""
    for link in part.links:
        assert graph.element(link.source)
        assert link.appears == (graph.element(link.source).factory == "nvurisrcbin")
        assert (link.source_pad == "vsrc_%u") == link.appears
        if link.sink == "mux":
            assert link.sink_pad is not None
            assert link.sink_pad.startswith("sink_")
        elif link.source == "demux":
            assert link.source_pad is not None
            assert link.source_pad.startswith("src_")
        else:
            assert link.sink_pad is None


@pytest.mark.parametrize("settings", SETTINGS[:: len(SETTINGS) // 24], ids=named)
def test_the_way_of_a_batch(settings: DesiredDeepstream) -> None:
    graph = graph_for(settings)
    steps = [one.factory for one in graph.trunk.elements if one.factory != "queue"]
    expected = ["nvstreammux"]
    expected += ["nvdspreprocess"] * (settings.preprocess != "none")
    expected += ["nvinfer"]
    expected += ["nvtracker"] * (settings.tracker != "camwire")
    expected += ["nvdsanalytics"] * (settings.analytics == "nvdsanalytics")
    expected += ["nvstreamdemux"] if settings.osd == "native" else ["nvvideoconvert", "capsfilter", "appsink"]
    assert steps == expected
    assert list(graph.sources) == ["gate", "yard", "udp"]
    assert list(graph.outputs) == (["gate", "yard", "udp"] if settings.osd == "native" else [])
    for part in graph.outputs.values():
        assert [one.factory for one in part.elements] == [
            *("queue", "nvvideoconvert", "capsfilter", "nvdsosd"),
            *("nvvideoconvert", "capsfilter", settings.encoder, "appsink"),
        ]
    assert graph.environment == {"USE_NEW_NVSTREAMMUX": "yes" if settings.mux == "new" else "no"}


def test_the_source_of_a_camera() -> None:
    graph = graph_for(deepstream(reconnect_seconds=7, reconnect_attempts=4))
    gate = graph.element("source_0").properties
    assert gate["uri"] == "rtsp://user:hidden@192.0.2.1/stream"
    assert (gate["type"], gate["select-rtp-protocol"], gate["latency"], gate["drop-on-latency"]) == (
        2,
        4,
        50,
        True,
    )
    assert (gate["rtsp-reconnect-interval"], gate["rtsp-reconnect-attempts"]) == (7, 4)
    assert gate["cudadec-memtype"] == 0
    udp = graph.element("source_2").properties
    assert (udp["select-rtp-protocol"], udp["latency"], udp["drop-on-latency"]) == (1, 200, False)
    yard = graph.element("source_1").properties
    assert (yard["uri"], yard["file-loop"]) == ("file:///videos/yard.mp4", True)
    assert "latency" not in yard


def test_the_legacy_muxer() -> None:
    mux = graph_for(deepstream(batch_timeout_us=40_000, mux_size=(1920, 1080), padding=False)).element("mux")
    assert mux.properties == {
        "batch-size": 3,
        "batched-push-timeout": 40_000,
        "attach-sys-ts": True,
        "sync-inputs": False,
        "drop-pipeline-eos": True,
        "width": 1920,
        "height": 1080,
        "enable-padding": False,
        "live-source": True,
        "gpu-id": 0,
        "nvbuf-memory-type": 0,
    }
    assert graph_for(deepstream()).element("mux").properties["width"] == 640


def test_the_batch_size_is_the_cameras_or_as_configured() -> None:
    assert graph_for(deepstream()).batch_size == 3
    graph = graph_for(deepstream(batch_size=8))
    assert graph.element("mux").properties["batch-size"] == 8
    assert "batch-size=8" in graph.files["nvinfer.txt"]


def test_the_users_own_files_are_used_as_they_are() -> None:
    state = desired(
        *CAMERAS,
        settings=deepstream(detector_config="/own/infer.txt", analytics="nvdsanalytics"),
        tracker=DesiredTracker(type="bytetrack", trace_length=0, config="/own/tracker.yml"),
        nvdsanalytics="/own/analytics.txt",
    )
    pads = assign_pads(state, {"gate": 3})
    graph = build(state, NAMES, pads, FOLDER)
    assert graph.element("detector").properties["config-file-path"] == "/own/infer.txt"
    assert graph.element("tracker").properties["ll-config-file"] == "/own/tracker.yml"
    assert graph.element("analytics").properties["config-file"] == "/own/analytics.txt"
    assert set(graph.files) == {"labels.txt"}
    # The streams of the user's file are the cameras in their order, disabled ones too.
    assert pads == {"gate": 0, "yard": 1, "udp": 3}


def test_what_is_said_besides_goes_before_the_users_own_file() -> None:
    every_third = model(cameras={one.id: DesiredDetection(detect_interval=3) for one in CAMERAS})
    settings = deepstream(detector_config="/own/infer.txt", tensor_output=True)
    state = desired(*CAMERAS, settings=settings, model=every_third)
    detector = build(state, NAMES, assign_pads(state, {}), FOLDER).element("detector")
    assert detector.properties["interval"] == 2
    assert detector.properties["output-tensor-meta"] is True


@pytest.mark.parametrize(("reset", "mode"), [("never", 0), ("on_reconnect", 1), ("on_eos", 2)])
def test_when_ids_begin_anew(reset: str, mode: int) -> None:
    tracker = DesiredTracker(type="bytetrack", trace_length=0, id_reset=reset)
    state = desired(*CAMERAS, tracker=tracker)
    graph = build(state, NAMES, assign_pads(state, {}), FOLDER)
    assert graph.element("tracker").properties["tracking-id-reset-mode"] == mode


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9), max_size=6).filter(
        lambda pads: len(set(pads.values())) == len(pads)
    ),
    st.lists(st.sampled_from("abcdef"), min_size=1, unique=True),
)
def test_a_camera_keeps_its_pad_and_no_pad_is_given_twice(running: dict[str, int], wanted: list[str]) -> None:
    pads = assign_pads(desired(*(camera(name) for name in wanted)), running)
    assert set(pads) == set(wanted)
    assert len(set(pads.values())) == len(pads)
    assert all(pads[name] == pad for name, pad in running.items() if name in pads)


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("rtsp://a/b", "rtsp://a/b"),
        ("RTSPS://a/b", "rtsps://a/b"),
        ("/dev/video0", "v4l2:///dev/video0"),
        ("/videos/two words.mp4", "file:///videos/two%20words.mp4"),
        ("file:///x.mp4", "file:///x.mp4"),
    ],
)
def test_urls_as_gstreamer_has_them(url: str, uri: str) -> None:
    assert source_uri(url) == uri


@pytest.mark.parametrize("show", [as_text, as_dot])
def test_printing_shows_every_element_and_no_secret(show: object) -> None:
    graph = graph_for(deepstream())
    text = show(graph)  # type: ignore[operator]
    assert all(element.name in text and element.factory in text for element in graph.elements())
    assert "hidden" not in text
    assert "hidden" not in repr(graph)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("nvstreammux", "batched-push-timeout", "33000"),
        ("nvstreammux", "live-source", 1),
        ("nvstreammux", "config-file-path", "x"),
        ("nvstreammux (new)", "width", 640),
        ("nvurisrcbin", "select-rtp-protocol", 3),
        ("nvurisrcbin", "drop-frame-interval", 31),
        ("nvinfer", "batch-size", 0),
        ("nvtracker", "tracker-width", -1),
        ("nvjpegenc", "quality", 101),
        ("nvtracker", "ll-lib-file", 5),
    ],
)
def test_the_table_refuses(kind: str, name: str, value: int | str) -> None:
    assert len(problems_with(kind, {name: value})) == 1


def test_defaults_are_within_their_ranges() -> None:
    wrong = [
        (kind, one.name)
        for kind, properties in TABLE.items()
        for one in properties.values()
        if one.default is not None and one.problem_with(one.default)
    ]
    assert wrong == []
