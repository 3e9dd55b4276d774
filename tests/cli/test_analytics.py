"""`camwire analytics replay`."""

import json
from pathlib import Path

import pytest

from camwire.cli import main

CASES = Path(__file__).parent.parent / "analytics" / "nvdsanalytics" / "cases"
INI = "[property]\nenable=1\nconfig-width=640\nconfig-height=480\n"


def replay(case, capsys):
    """Exit status, printed JSON, and what was said on standard error."""
    try:
        status = main(["analytics", "replay", str(case)])
    except SystemExit as ended:  # How typer ends what went well.
        status = ended.code
    printed = capsys.readouterr()
    return status, json.loads(printed.out) if printed.out else None, printed.err


def write_case(folder, config, frames=(), **more):
    path = folder / "case.json"
    path.write_text(json.dumps({"config": config, "frames": list(frames), **more}))
    return path


@pytest.mark.parametrize("name", ["lines_loose", "yaml_cut_short", "switched_off"])
def test_prints_what_the_case_expects(name, capsys):
    path = CASES / f"{name}.json"
    _, printed, _ = replay(path, capsys)
    for result, expected in zip(printed, json.loads(path.read_text())["expected"], strict=True):
        result.pop("obj_cnt_ties", None)
        assert result == expected


def test_says_what_deepstream_leaves_out_silently(capsys):
    status, _, said = replay(CASES / "yaml_cut_short.json", capsys)
    assert status == 0
    assert "yaml_cut_short.json:config:16: roi-B has an odd number of values" in said
    assert "leaves out roi-filtering-stream-1" in said


def test_a_refused_configuration_gives_an_empty_list_reasons_and_status_2(tmp_path, capsys):
    config = INI + "[roi-filtering-stream-0]\nenable=1\nroi-A=1;2;3\n"
    status, printed, said = replay(write_case(tmp_path, config, [[0, 640, 480, 0, []]]), capsys)
    assert (status, printed) == (2, [])
    assert "case.json:config:7: roi-A has 3 numbers; points come in pairs x;y" in said
    assert "DeepStream would not run" in said


def test_a_file_that_is_no_text_is_no_case(tmp_path, capsys):
    path = tmp_path / "case.json"
    path.write_bytes(b'{"config": "\xff", "frames": []}')
    status, printed, said = replay(path, capsys)
    assert (status, printed) == (1, None)
    assert "is no case" in said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "is no case"),
        ("[]", "is no case"),
        ('{"frames": []}', "missing required field `config`"),
        ('{"config": "", "frames": [[0, 640]]}', "$.frames[0]"),
        ('{"config": "", "frames": [], "config_format": "toml"}', "config_format"),
    ],
)
def test_what_is_no_case_is_named(text, word, tmp_path, capsys):
    path = tmp_path / "case.json"
    path.write_text(text)
    status, printed, said = replay(path, capsys)
    assert (status, printed) == (1, None)
    assert word in said


def test_a_missing_file_is_named(tmp_path, capsys):
    status, _, said = replay(tmp_path / "absent.json", capsys)
    assert status == 1
    assert "absent.json can't be read: No such file or directory" in said
