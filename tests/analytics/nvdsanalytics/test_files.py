"""INI and YAML files: what they mean, what DeepStream refuses, and what it silently leaves out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.nvdsanalytics.load import Loaded, format_of, load, parse
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.analytics.nvdsanalytics.settings import Mode, Settings

INI = "[property]\nenable=1\nconfig-width=640\nconfig-height=480\n"
YAML = "property:\n  enable: 1\n  config-width: 640\n  config-height: 480\n"
ROI = "roi-filtering-stream-0:\n  enable: 1\n  roi-A: 1;2;3;4;5;6\n"


def ini(text):
    return parse(INI + text, "ini", "f.txt")


def yaml(text):
    return parse(YAML + text, "yaml", "f.yml")


def refusal(text, form):
    with pytest.raises(NvdsConfigError) as error:
        parse(text, form, "f")
    return [str(notice) for notice in error.value.notices]


def test_defaults_of_groups():
    stream = ini(
        "[roi-filtering-stream-3]\nroi-A=1;2;3;4;5;6\n"
        "[overcrowding-stream-3]\nroi-B=1;2;3;4;5;6\n"
        "[line-crossing-stream-3]\nline-crossing-C=1;2;3;4;5;6;7;8\n"
        "[direction-detection-stream-3]\ndirection-D=1;2;3;4\n"
    ).settings.streams[3]
    assert (stream.width, stream.height) == (640, 480)
    (roi,), (crowd,), (line,), (way,) = stream.rois, stream.overcrowdings, stream.lines, stream.directions
    assert [entry.enabled for entry in (roi, crowd, line, way)] == [False] * 4
    assert [entry.label for entry in (roi, crowd, line, way)] == ["A", "B", "C", "D"]
    assert roi.polygon == ((1, 2), (3, 4), (5, 6))
    assert not roi.inverse
    assert crowd.threshold == 1
    assert (line.extended, line.mode) == (True, Mode.LOOSE)
    assert (line.arrow, line.ends) == (((1, 2), (3, 4)), ((5, 6), (7, 8)))


def test_settings_of_a_group_hold_for_all_its_labels_wherever_they_stand():
    stream = ini(
        "[line-crossing-stream-0]\nline-crossing-A=1;2;3;4;5;6;7;8\nmode=strict\nextended=0\n"
        "line-crossing-B=1;2;3;4;5;6;7;8\nclass-id=0;2;\nenable=1\n"
    ).settings.streams[0]
    for line in stream.lines:
        assert (line.enabled, line.mode, line.extended, line.classes) == (True, Mode.STRICT, False, (0, 2))


def test_a_repeated_region_counts_twice_and_a_repeated_line_replaces_the_first():
    stream = ini(
        "[roi-filtering-stream-0]\nroi-A=1;2;3;4;5;6\nroi-A=7;8;9;10;11;12\n"
        "[line-crossing-stream-0]\nline-crossing-A=1;2;3;4;5;6;7;8\nline-crossing-A=8;7;6;5;4;3;2;1\n"
    ).settings.streams[0]
    assert [roi.polygon[0] for roi in stream.rois] == [(7, 8), (7, 8)]
    assert [line.ends for line in stream.lines] == [((4, 3), (2, 1))]


@pytest.mark.parametrize(
    ("classes", "applies"),
    [("", [0, 1, 7]), ("class-id=\n", [0, 1, 7]), ("class-id=-1;0\n", [0, 1, 7]), ("class-id=1\n", [1])],
)
def test_classes(classes, applies):
    (roi,) = ini(f"[roi-filtering-stream-0]\n{classes}roi-A=1;2;3;4;5;6").settings.streams[0].rois
    assert [class_id for class_id in (0, 1, 7) if roi.applies_to(class_id)] == applies


@pytest.mark.parametrize(
    ("suffix", "stream"), [("0", 0), ("12", 12), ("", 0), ("x", 0), ("-1", -1), ("2x", 2), (str(2**70), -1)]
)
def test_stream_numbers(suffix, stream):
    loaded = ini(f"[roi-filtering-stream-{suffix}]\nenable=1\nroi-A=1;2;3;4;5;6")
    assert list(loaded.settings.streams) == [stream]
    assert bool(loaded.notices) is not suffix.isdecimal()


@pytest.mark.parametrize(
    "window", [("", 50), ("obj-cnt-win-in-ms=1\n", 1), ("obj-cnt-win-in-ms=1000000000\n", 10**9)]
)
def test_windows(window):
    text, frames = window
    assert ini(text).settings.window == frames


def test_every_mistake_of_an_ini_file_is_named_with_its_line():
    text = (
        "[property]\nenable=yes\nconfig-width=640\nconfig-height=480\n"
        "[roi-filtering-stream-0]\nenable=1\nroi-A=1;2;3\n"
        "[overcrowding-stream-0]\nenable=1\n"
        "[line-crossing-stream-0]\nline-crossing-L=1;2;3;4;5;6;7\n"
        "[direction-detection-stream-0]\ndirection-D=1;2;3;-4\n"
    )
    notices = refusal(text, "ini")
    assert [notice.split(":")[1] for notice in notices] == ["2", "7", "8", "11", "13"]
    assert "odd" not in notices[0]
    assert "pairs" in notices[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[other]\nx=1",
        "[property]\nenable=1\nconfig-width=640",
        "[property]\nconfig-width=640\nconfig-height=480",
        "[property]\nenable=1\nconfig-width=-1\nconfig-height=480",
        INI + "osd-mode=3",
        INI + "obj-cnt-win-in-ms=0",
        INI + "obj-cnt-win-in-ms=1000000001",
        INI + "display-font-size=big",
        INI + "[overcrowding-stream-0]\nroi-A=1;2;3;4;5;6\nobject-threshold=-1",
        INI + "[roi-filtering-stream-0]\nroi-A=",
    ],
)
def test_refused_ini(text):
    assert refusal(text, "ini")


def test_oddities_are_mentioned():
    loaded = ini(
        "colour=red\n[stray]\n[line-crossing-stream-0]\nenable=1\nmode=fast\nline-crossing-L=1;1;2;2;3;3;3;3"
    )
    said = "\n".join(map(str, loaded.notices))
    assert "f.txt:5: the unknown key colour" in said
    assert "f.txt:6: the unknown group [stray]" in said
    assert "f.txt:9: mode 'fast'" in said
    assert "f.txt:10: the line 'L' has no length" in said
    assert loaded.settings.streams[0].lines[0].mode is Mode.LOOSE


def test_yaml_means_the_same_as_ini():
    text = "roi-filtering-stream-1:\n  enable: 1\n  class-id: -1;3\n  inverse-roi: 1\n  roi-A: 1;2;3;4;5;6\n"
    same = "[roi-filtering-stream-1]\nenable=1\nclass-id=-1;3\ninverse-roi=1\nroi-A=1;2;3;4;5;6\n"
    assert yaml(text).settings == ini(same).settings


@pytest.mark.parametrize(
    "bad",
    [
        "roi-filtering-stream-1:\n  enable: 1\n  roi-B: 1;2;3;4;5;6;\n",
        "roi-filtering-stream-1:\n  enable: 1\n  roi-B: 1;2;3;4;5;-6\n",
        "roi-filtering-stream-1:\n  enable: 1\n  roi-B: 1;2;3\n",
        "line-crossing-stream-1:\n  line-crossing-L: 1;2;3;4;5;6;7\n",
        "line-crossing-stream-1:\n  line-crossing-L: 1;2;3;4;5;6;7;8;9\n",
        "direction-detection-stream-1:\n  direction-D: 1;2;3;4;5;6;7;8\n",
    ],
)
def test_a_bad_yaml_group_silently_ends_the_reading(bad):
    loaded = yaml(ROI + bad + ROI.replace("stream-0", "stream-2"))
    assert list(loaded.settings.streams) == [0]
    assert "leaves out" in loaded.notices[-1].text
    assert loaded.notices[-1].line == 8 + bad.count("\n") - 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "nothing"),
        ("just text", "nothing"),
        ("- a\n- b", "list"),
        ("a: [", "no YAML"),
        (ROI, "property"),
        ("property:\n" + ROI, "property"),
        (YAML.replace("enable: 1", "enable: true"), "write 0 or 1"),
        (YAML.replace("640", "-640"), "whole number"),
        (YAML + ROI.replace("1;2;3", "1;b;3"), "whole number"),
        (YAML + ROI + "  class-id: 0;\n", "whole number"),
        (YAML + ROI.replace("1;2;3;4;5;6", "[1, 2, 3, 4, 5, 6]"), "list"),
        (YAML + "roi-filtering-stream-0:\n  enable: 1\n", "roi-LABEL"),
    ],
)
def test_refused_yaml(text, word):
    (notice,) = refusal(text, "yaml")
    assert word in notice


def test_groups_before_property_are_scaled_from_full_hd():
    settings = parse(ROI + YAML + ROI.replace("stream-0", "stream-1"), "yaml", "f").settings
    assert [(stream.width, stream.height) for stream in settings.streams.values()] == [
        (1920, 1080),
        (640, 480),
    ]
    assert parse("property:\n  enable: 1\n" + ROI, "yaml", "f").settings.streams[0].width == 1920


def test_yaml_numbers_are_read_as_c_plus_plus_reads_them():
    settings = yaml("  obj-cnt-win-in-ms: 0x10\n").settings
    assert settings.window == 16
    assert yaml("  obj-cnt-win-in-ms: 010\n").settings.window == 8
    assert yaml("  obj-cnt-win-in-ms: 0\n").settings.window == 50
    assert yaml(ROI.replace("1;2", "1px; 2.9")).settings.streams[0].rois[0].polygon[0] == (1, 2)
    assert yaml(ROI + "  class-id: 4294967295\n").settings.streams[0].rois[0].classes == (-1,)


def test_a_repeated_yaml_group_reads_the_first_one_again():
    rois = yaml(ROI + ROI.replace("roi-A", "roi-B")).settings.streams[0].rois
    assert [roi.label for roi in rois] == ["A", "A"]


def test_files_go_by_their_names(tmp_path):
    ini_file, yaml_file = tmp_path / "c.txt", tmp_path / "c.yaml"
    ini_file.write_bytes(INI.encode() + b"[stray-\xff]\n")
    yaml_file.write_text(YAML)
    assert [format_of(path) for path in (ini_file, yaml_file)] == ["ini", "yaml"]
    assert load(ini_file).settings == load(yaml_file).settings
    with pytest.raises(NvdsConfigError, match=r"absent.txt: can't be read: No such file"):
        load(tmp_path / "absent.txt")


WORDS = st.sampled_from(
    [
        *(
            "[property]\n",
            "property:\n",
            "enable=1\n",
            "  enable: 1\n",
            "config-width=640\n",
            "config-height=480\n",
        ),
        *("[roi-filtering-stream-0]\n", "roi-filtering-stream-1:\n", "overcrowding-stream-0:\n"),
        *("roi-A=", "  roi-A: ", "  class-id: ", "class-id=", "line-crossing-L=", "  line-crossing-L: "),
        *(
            "line-crossing-stream-0:\n",
            "[line-crossing-stream-0]\n",
            "1;2;3;4",
            ";5;6;7;8",
            ";",
            "-1",
            "9" * 30,
        ),
        *(
            "\n",
            "x",
            " ",
            "0x",
            "[",
            "{",
            "&a ",
            "*a",
            "? ",
            "- ",
            "'",
            '"',
            "|\n",
            "!!int ",
            "---\n",
            "%YAML",
        ),
        *("\t", "#", "\0", "\ud800", "<<: *a\n", "{}", "[]", "~"),
    ]
)


def outcome(text, form):
    """The loaded configuration, or the notices of its refusal; any other exception fails the test."""
    try:
        return parse(text, form, "f")
    except NvdsConfigError as error:
        return error.notices


@given(st.sampled_from(["ini", "yaml"]), st.lists(WORDS, max_size=25).map("".join) | st.text())
def test_any_text_is_a_configuration_or_an_error(form, text):
    found = outcome(text, form)
    if isinstance(found, Loaded):
        assert isinstance(found.settings, Settings)
    else:
        assert found
        assert all(notice.text and notice.file == "f" for notice in found)


@given(st.lists(WORDS, max_size=25).map("".join))
def test_any_groups_behind_a_sound_beginning(text):
    assert outcome(INI + text, "ini")
    assert outcome(YAML + text, "yaml")
