"""The stand-ins are what the table says, and so are GStreamer's own elements; what is missing is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from camwire.deepstream.properties import Certainty, Kind
from camwire.deepstream.property_table import NEW_MUX, TABLE

pytestmark = pytest.mark.integration

OURS = [kind for kind in TABLE if kind != NEW_MUX]
TYPES = {
    "gboolean": Kind.BOOL,
    "gint": Kind.INT,
    "guint": Kind.UINT,
    "guint64": Kind.UINT64,
    "gchararray": Kind.STRING,
    "GstCaps": Kind.CAPS,
}


@pytest.mark.parametrize("kind", OURS)
def test_an_element_has_the_tables_properties(kind: str, elements: None) -> None:
    from tests.support.deepstream_stand_ins.base import Gst

    element = Gst.ElementFactory.make(kind, None)
    assert element is not None
    for name, known in TABLE[kind].items():
        found = element.find_property(name)
        assert found is not None, name
        if known.certainty is Certainty.GSTREAMER:
            is_enum = found.value_type.name not in TYPES
            assert known.kind is (Kind.ENUM if is_enum else TYPES[found.value_type.name]), name
            if known.kind is not Kind.CAPS:
                assert int(found.default_value) == known.default, name
        elif known.default is not None:
            assert element.get_property(name) == known.default, name


@pytest.mark.parametrize("kind", [kind for kind in OURS if kind.startswith("nv")])
def test_a_stand_in_has_no_other_properties(kind: str, elements: None) -> None:
    from tests.support.deepstream_stand_ins.base import Gst

    element = Gst.ElementFactory.make(kind, None)
    own = {one.name for one in element.list_properties() if one.owner_type == element.__gtype__}
    assert own == set(TABLE[kind])


@pytest.mark.parametrize(
    ("kind", "pads"),
    [
        ("nvurisrcbin", {"vsrc_%u": "sometimes"}),
        ("nvstreammux", {"sink_%u": "request", "src": "always"}),
        ("nvstreamdemux", {"sink": "always", "src_%u": "request"}),
        ("nvinfer", {"sink": "always", "src": "always"}),
        ("nvjpegenc", {"sink": "always", "src": "always"}),
    ],
)
def test_pads_and_caps_features(kind: str, pads: dict[str, str], elements: None) -> None:
    from tests.support.deepstream_stand_ins.base import Gst

    found = Gst.ElementFactory.make(kind, None).get_pad_template_list()
    assert {one.name_template: one.presence.value_nick for one in found} == pads
    for one in found:
        caps = one.get_caps()
        if caps.get_structure(0).get_name() == "video/x-raw":
            assert caps.get_features(0).contains("memory:NVMM")


WITHOUT_BINDING = """
import sys

sys.modules["gi"] = None
"""
NO_ELEMENTS = """
from camwire.deepstream.engine import DeepstreamEngine
from camwire.devices.cpu import CpuDevice
from camwire.models import ModelError
from tests.deepstream.desired import camera, desired

class NoMetadata:
    def check(self, device, *, draws):
        pass


engine = DeepstreamEngine(CpuDevice(), lambda *_: True, metadata=NoMetadata())
try:
    engine.apply(desired(camera("gate")))
except ModelError as error:
    print(error)
engine.stop(1)
"""


@pytest.mark.parametrize("with_binding", [True, False])
def test_what_is_missing_is_told(with_binding: bool, binding: Path) -> None:
    """In a process of its own: no stand-ins are registered there."""
    result = subprocess.run(
        [sys.executable, "-c", NO_ELEMENTS if with_binding else WITHOUT_BINDING + NO_ELEMENTS],
        env={"PYTHONPATH": str(binding), "PATH": "/usr/bin"},
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    wanted = (
        "GStreamer has no element nvstreammux; install DeepStream" if with_binding else "install python3-gi"
    )
    assert wanted in result.stdout
