"""DeepStream's low-level tracker files."""

from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from camwire.tracking.nvtracker import presets
from camwire.tracking.nvtracker.files import TrackerFileError, UnsupportedError, load, parse
from camwire.tracking.nvtracker.parameters import (
    Estimator,
    Matcher,
    NvTrackerParameters,
    Visual,
    key_of,
    section_of,
)

FILE = """%YAML:1.0
####
BaseConfig:
  minDetectorConfidence: 0.0430  # If the confidence of a detector bbox is lower, ignore it
TargetManagement:
  enableBboxUnClipping: 1
  maxTargetsPerStream: 150
  probationAge: 2
DataAssociator:
  dataAssociatorType: 0
  associationMatcherType: 1
  checkClassMatch: 0
StateEstimator:
  stateEstimatorType: 1
VisualTracker:
  visualTrackerType: 2
  vpiBackend4DcfTracker: 1
  useHog: 1
ReID:
  reidType: 2
"""


def written(parameters):
    """The parameters as a low-level tracker file."""
    lines = []
    for section in fields(parameters):
        content = getattr(parameters, section.name)
        lines.append(f"{section_of(section.name)}:")
        for field in fields(content):
            value = getattr(content, field.name)
            lines.append(f"  {key_of(field.name)}: {int(value) if isinstance(value, int) else value!r}")
    return "\n".join(lines)


def test_keys_are_taken_and_the_rest_keeps_its_defaults():
    of = parse(FILE, "x.yml").parameters
    assert of.base_config.min_detector_confidence == 0.043
    assert (of.target_management.max_targets_per_stream, of.target_management.probation_age) == (150, 2)
    assert of.target_management.max_shadow_tracking_age == 38
    assert of.data_associator.association_matcher_type is Matcher.CASCADED
    assert of.data_associator.check_class_match is False
    assert of.state_estimator.state_estimator_type is Estimator.SIMPLE
    assert of.visual_tracker.visual_tracker_type is Visual.DCF_VPI
    assert (of.visual_tracker.use_color_names, of.visual_tracker.use_hog) == (True, True)


def test_keys_without_meaning_are_named_in_one_warning(tmp_path):
    path = tmp_path / "config_tracker.yml"
    path.write_text(FILE)
    with capture_logs() as logs:
        load(path)
    assert [entry["keys"] for entry in logs] == [
        [
            "TargetManagement.enableBboxUnClipping",
            "DataAssociator.dataAssociatorType",
            "VisualTracker.vpiBackend4DcfTracker",
            "ReID",
        ]
    ]


LICENCE = "# SPDX-License-Identifier: Apache-2.0\n#\n\n"


@pytest.mark.parametrize("before", ["\ufeff", LICENCE, " \n\n" + LICENCE, "\ufeff" + LICENCE])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_comments_and_a_byte_order_mark_may_stand_before_the_directive(before, end):
    text = (before + FILE).replace("\n", end)
    assert parse(text, "x.yml").parameters == parse(FILE, "x.yml").parameters
    line = before.count("\n") + 4
    with pytest.raises(TrackerFileError, match=f"x.yml:{line}: BaseConfig.minDetectorConfidence"):
        parse(text.replace("0.0430", "much"), "x.yml")


def test_the_padding_may_stand_in_either_section():
    target = "TargetManagement: {searchRegionPaddingScale: 3}\n"
    file = parse(target, "x.yml")
    assert (file.parameters.visual_tracker.search_region_padding_scale, file.ignored) == (3, ())
    both = parse(f"{target}VisualTracker: {{searchRegionPaddingScale: 2}}\n", "x.yml")
    assert both.parameters.visual_tracker.search_region_padding_scale == 2
    with pytest.raises(TrackerFileError, match=r"x\.yml:1: TargetManagement\.searchRegionPaddingScale"):
        parse(target.replace("3", "wide"), "x.yml")


@pytest.mark.parametrize(
    "text", ["StateEstimator: {stateEstimatorType: 3}", "%YAML:1.0\nNvDCF:\n  maxTargetsPerStream: 30\n"]
)
def test_what_deepstreams_tracker_alone_can_use(text):
    with pytest.raises(UnsupportedError):
        parse(text, "x.yml")


def test_a_misspelt_key_is_recognised():
    ignored = parse("TargetManagement:\n  probationAgo: 3\n", "x.yml").ignored
    assert ignored == ("TargetManagement.probationAgo (did you mean probationAge?)",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("BaseConfig: [", "x.yml:1:14: "),
        ("cameras: []", "x.yml: no low-level tracker file; expected sections like BaseConfig"),
        ("- 1", "no low-level tracker file"),
        ("BaseConfig: 3", "x.yml: BaseConfig has to be a mapping"),
        (
            "TargetManagement: {probationAge: many}",
            "x.yml:1: TargetManagement.probationAge: 'many' is no whole number",
        ),
        ("TargetManagement: {probationAge: 1.5}", "1.5 is no whole number"),
        ("BaseConfig: {minDetectorConfidence: [1]}", r"\[1\] is no number"),
        ("DataAssociator: {checkClassMatch: 2}", "allowed are 0 and 1"),
        ("StateEstimator: {stateEstimatorType: 3}", r"allowed are 0 \(none\), 1 \(simple\), 2 \(regular\)"),
        ("StateEstimator: {measurementNoiseVar4Detector: 0}", "x.yml:1: .*: 0; it has to be more than 0"),
        ("StateEstimator: {processNoiseVar4Loc: -1}", "-1; it has to be 0 or more"),
        ("VisualTracker: {gaussianSigma: 0.0}", "0.0; it has to be more than 0"),
        (
            "VisualTracker: {featureImgSizeLevel: 9}",
            "VisualTracker.featureImgSizeLevel: 9; allowed are 1 to 5",
        ),
    ],
)
def test_mistakes_say_where_and_what(text, message):
    with pytest.raises(TrackerFileError, match=message):
        parse(text, "x.yml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrackerFileError, match=r"absent\.yml: No such file"):
        load(tmp_path / "absent.yml")


@pytest.mark.parametrize("name", ["IOU", "NVSORT", "NVDCF_PERF", "NVDCF_ACCURACY", "SORT", "DCF"])
def test_what_presets_say_can_be_written_and_read(name):
    preset = getattr(presets, name)
    file = parse(written(preset), "x.yml")
    assert (file.parameters, file.ignored) == (preset, ())


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with suppress(TrackerFileError):
        assert isinstance(parse(text, "x.yml").parameters, NvTrackerParameters)
