"""What is right gives values, what is wrong gives all its mistakes, each with its place."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camwire.config import Config, ConfigError, load, load_text, loading
from camwire.frames import Size

FIVE_MISTAKES = """\
cameras:
  - id: gate
    url: rtsp://10.0.0.5/stream
    transport: ucp
    fps: 20
  - id: gate
    url: rtsp://admin:${GATE_PASSWORD}@10.0.0.6/stream
server:
  port: 99999
"""


def problems(text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(text, "c.yaml", environment=environment)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(problem).removeprefix("c.yaml:") for problem in caught.value.problems]


def camera(**settings: str) -> str:
    lines = "".join(f"\n    {key}: {value}" for key, value in settings.items())
    return (
        f"cameras:\n  - id: a{lines}\n" if "url" in settings else f"cameras:\n  - id: a\n    url: x{lines}\n"
    )


def test_a_configuration_with_five_mistakes() -> None:
    assert problems(FIVE_MISTAKES) == [
        "4:16: transport is 'ucp'; allowed: tcp, udp; did you mean udp?",
        "5:5: unknown key 'fps'; allowed: id, name, url, enabled, transport, latency_ms, drop_on_latency, "
        "detect_interval, score_threshold, iou_threshold, classes, per_class",
        "6:9: the id 'gate' is taken by the camera on line 2; ids are unique",
        "7:23: the environment variable GATE_PASSWORD is not set",
        "9:9: port is 99999; allowed: 0 to 65535",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [" empty; a configuration has at least `cameras:` with a list"]),
        ("# nothing\n", [" empty; a configuration has at least `cameras:` with a list"]),
        ("server: {}\n", ["1:1: cameras is missing; it is a list; each item"]),
        ("- a\n", ["1:1: the file is a list; allowed: a section with the keys cameras,"]),
        ("cameras:\n", ["1:1: cameras is empty; allowed: a list"]),
        ("cameras: [5]\n", ["1:11: cameras[0] is 5; allowed: a section with the keys id, name, url"]),
        ("cameras:\n  - id: a\n", ["2:5: url is missing; it is a URL or a file's path"]),
        ("cameras: [\n", ["2:1: a value or the closing bracket is missing before this"]),
        ("cameras: []\nserver: {port: 1, host: a: b}\n", ["2:26: a comma or the closing bracket is missing"]),
        ("cameras: []\nx: 'a\n", ["2:4: the quote that begins here is not closed"]),
        ("cameras:\n  - id: a\n    url:rtsp://u:hunter2@h\n", ["3:5: this line has no `key: value`"]),
        ("cameras:\n  - id: a\n   url: x\n", ["3:4: indented unlike the lines above"]),
        ("cameras: []\nserver: port: 1\n", ["2:13: a colon and a blank can't be within text"]),
        ("cameras: !hunter2!x\n", ["1:10: not valid YAML: found undefined tag handle this"]),
        ("cameras: @a\n", ["1:10: text can't begin with this character; put it in quotes"]),
        ("cameras:\n\t- id: a\n", ["2:1: a tab can't indent YAML; use spaces"]),
        ("cameras: [*a]\n", ["1:11: this alias has no anchor before it"]),
        ("cameras: &a [*a]\n", ["1:10: an alias inside this refers to the whole of it"]),
        ("cameras: []\n---\nx: 1\n", ["2:1: a second document begins here"]),
        ("cameras: []\nname: !!python/name:os.system x\n", ["2:1: unknown key 'name'", "2:7: a tag (!...)"]),
        ("cameras: []\ncameras: []\n", ["2:1: this key is here twice; the first is on line 1"]),
        ("cameras: []\n? [a, b]\n: c\n", ["2:3: a key is text"]),
        ("cameras: []\nport: 80\n", ["2:1: unknown key 'port'; allowed: cameras, device, devices"]),
        ("cameras: []\nx: \x07\n", ["2:4: the character U+0007 can't stand in YAML; remove it"]),
        (camera(url="~no-such-user/a.mp4"), ["3:10: url: the path begins with ~, whose home folder isn't"]),
        (
            "cameras: []\nevents: {media_folder: ~no-such-user}\n",
            ["2:24: media_folder: the path begins with ~"],
        ),
        ("cameras: []\nsaving: {folder: ~no-such-user}\n", ["2:18: folder: the path begins with ~"]),
        ("cameras: []\nmodel: {file: ~no-such-user/a.onnx}\n", ["2:15: file: the path begins with ~"]),
        (camera(latency_ms="true"), ["4:17: latency_ms is true; allowed: a whole number, 0 to 10000"]),
        (camera(latency_ms="1.5"), ["4:17: latency_ms is 1.5; allowed: a whole number, 0 to 10000"]),
        (camera(latency_ms="-1"), ["4:17: latency_ms is -1; allowed: 0 to 10000"]),
        (camera(enabled="perhaps"), ["4:14: enabled is 'perhaps'; allowed: true or false"]),
        (camera(name="12"), ["4:11: name is 12; allowed: text; put it in quotes to make it text"]),
        (camera(url="httpp://10.0.0.5/"), ["3:10: url: a URL begins with one of rtsp, rtsps, http, https"]),
        (camera(url="rtsp:///stream"), ["3:10: url: the URL has no host"]),
        (camera(url="admin:hunter2@10.0.0.5/s"), ["3:10: url: a URL begins with its scheme"]),
        (camera(url="//admin:hun/ter2@10.0.0.5/s"), ["3:10: url: a URL begins with its scheme"]),
        (camera(url="${A-B}"), ["3:10: not a variable; write ${NAME}, or $${ for a literal ${"]),
        (camera(url="rtsp://a:${B@h/s"), ["3:19: not a variable"]),
        ("cameras: []\noutput: {size: 1280}\n", ["2:16: size is 1280; allowed: WIDTHxHEIGHT in pixels"]),
        ("cameras: []\noutput: {size: 1280xa}\n", ["2:16: size is '1280xa'; allowed: WIDTHxHEIGHT"]),
        ("cameras: []\noutput: {size: 4x4}\n", ["2:16: size: each side has 16 to 8192 pixels"]),
        ("cameras: []\noutput: {max_fps: .inf}\n", ["2:19: max_fps is inf; allowed: a number, at least 0"]),
        ("cameras: []\nmodel: {classes: [1.5]}\n", ["2:19: classes[0] is 1.5; allowed: text"]),
        ("cameras: []\nmodel: {classes: person}\n", ["2:18: classes is 'person'; allowed: a list"]),
        ("cameras: []\nserver: {port: !!int x}\n", ["2:16: this can't be read as a number"]),
        (camera(name='"\\ud83d"'), ["4:11: half of a character"]),
        ('cameras: []\n"\\ude97": 1\n', ["2:1: half of a character"]),
    ],
)
def test_each_mistake_has_its_place_and_its_remedy(text: str, expected: list[str]) -> None:
    found = problems(text)
    assert len(found) == len(expected), found
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning), line


def test_a_misplaced_key_is_told_its_section() -> None:
    (problem,) = problems("cameras: []\njpeg_quality: 80\n")
    assert problem.endswith("did you mean output.jpeg_quality?")


def test_the_second_of_two_bad_variables_in_one_value_has_its_own_place() -> None:
    assert problems(camera(url='"rtsp://${U}:${P}@h/s"')) == [
        "3:18: the environment variable U is not set",
        "3:23: the environment variable P is not set",
    ]


def test_everything_has_a_default_but_the_cameras() -> None:
    config = load_text("cameras: []\noverlay:\n", "c.yaml")
    assert config == Config(cameras=())


def test_values_arrive() -> None:
    config = load_text(
        "cameras:\n  - &a {id: a, url: rtsp://h/1, transport: udp}\n  - {<<: *a, id: b, latency_ms: 0}\n"
        "output: {size: 640×480}\nmodel: {classes: [person]}\n",
        "c.yaml",
    )
    first, second = config.cameras
    assert (first.transport, second.transport, second.url, second.latency_ms) == ("udp", "udp", first.url, 0)
    assert config.output.size == Size(640, 480)
    assert config.model.classes == ("person",)


def test_numbers_may_come_from_the_environment() -> None:
    text = "cameras: []\nserver: {port: '${PORT}', host: 'a$$b${PORT}'}\n"
    server = load_text(text, "c.yaml", environment={"PORT": "81"}).server
    assert (server.port, server.host) == (81, "a$b81")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda text: text.replace("$", "")))
@example("🚗 ガレージ")
def test_text_may_be_escaped_as_in_json(name: str) -> None:
    """Characters beyond U+FFFF stand there as two halves."""
    text = json.dumps({"cameras": [{"id": "a", "name": name, "url": "x"}]})
    config = load_text(text, "c.yaml")
    assert config.cameras[0].name == name


def test_bytes_of_the_environment_that_are_no_text_are_told() -> None:
    with pytest.raises(ConfigError, match="half of a character"):
        load_text(camera(name="${N}"), "c.yaml", environment={"N": os.fsdecode(b"\xff")})


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("x\ncameras: []")
@example("p@10.0.0.9/w:%#?")
def test_the_environment_gives_values_and_no_yaml(value: str) -> None:
    config = load_text("cameras: [{id: a, name: '${N}', url: x}]", "c.yaml", environment={"N": value})
    assert config.cameras[0].name == value


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: "%" not in text))
@example("p@10.0.0.9/w:#?")
def test_a_password_from_the_environment_may_hold_anything(password: str) -> None:
    config = load_text(camera(url="rtsp://admin:${P}@cam/s"), "c.yaml", environment={"P": password})
    url = config.cameras[0].url
    assert url.reveal().startswith("rtsp://admin:")
    assert url.host == "cam"


@pytest.mark.parametrize("camera_id", ["a\\nb", "\\x7f"])
def test_a_camera_id_has_no_control_characters(camera_id: str) -> None:
    assert any(
        "control characters" in problem for problem in problems(f'cameras: [{{id: "{camera_id}", url: x}}]')
    )


def test_no_message_shows_a_password_that_stands_in_a_url_as_well() -> None:
    text = "cameras:\n  - {id: a, url: 'rtsp://u:hun/ter2@10.0.0.5/', transport: 'hun/ter2'}\n"
    text += "model: {file: 'rtsp://u:hun/ter2@10.0.0.5/'}\n"
    found = problems(text)
    assert len(found) == 2
    assert not any("ter2" in problem for problem in found)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5))
def test_no_message_shows_a_secret(around: str) -> None:
    secret = f"{around}hunter2{around}"
    text = (
        'cameras:\n  - id: "${S}"\n    url: "x://u:${S}@h/"\n    transport: "${S}"\n    latency_ms: "${S}"\n'
        '  - id: "${S}"\n    enabled: "rtsp://admin:hunter2@cam/"\nserver: {port: "${S}"}\n'
    )
    found = problems(text, S=secret)
    assert len(found) == 7
    assert not any("hunter2" in problem for problem in found)


_PIECES = [
    *(
        "cameras:",
        "server:",
        "port: ",
        "id: ",
        "url: ",
        "\n",
        "  ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ": ",
        ",",
        "#",
        "?",
    ),
    *(
        "&a ",
        "*a",
        "<<: *a",
        "!!int ",
        "!!set ",
        "!!binary ",
        "!x ",
        "%YAML 1.1\n",
        "---\n",
        "...",
        "|",
        ">",
        "=",
    ),
    *(
        "'",
        '"',
        "\t",
        "${A}",
        "${",
        "$$",
        "1",
        "\\",
        "@",
        "0x",
        "_",
        "1e999",
        ".nan",
        "2001-01-01",
        "~",
        "é",
        "\u2028",
    ),
]


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES), max_size=25).map("".join)))
def test_any_text_is_a_configuration_or_a_list_of_problems(text: str) -> None:
    try:
        assert isinstance(load_text(text, "c.yaml", environment={"A": "v"}), Config)
    except ConfigError as error:
        found = error.problems
    else:
        return
    assert found
    for problem in found:
        assert problem.message
        assert "\n" not in str(problem)


@settings(max_examples=100)
@given(data=st.binary())
def test_any_file_is_a_configuration_or_a_list_of_problems(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError):
        load(path)


def test_aliases_can_not_multiply_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (problem,) = problems("\n".join(lines))
    assert "aliases make more than 50000 values" in problem
    merges = ["a0: &a0 {x: 1}"]
    merges += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    assert "aliases make more than 50000 values" in problems("\n".join(merges))[0]


def test_nesting_is_bounded() -> None:
    assert "nested too deeply" in problems("[" * 500)[0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"cameras: []\n  \xff", ":2:3: not UTF-8 from here on; save the file as UTF-8"),
        ("cameras: []".encode("utf-16"), ":1:1: not UTF-8 from here on; save the file as UTF-8"),
        (b"", ": empty; a configuration has at least `cameras:` with a list"),
        (b"#" * (1 << 20) + b"#", ": larger than 1 MiB; that is no configuration"),
    ],
)
def test_unreadable_files(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == f"{path}{message}"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(ConfigError, match="a folder; a configuration is a file"):
        load(tmp_path)


def test_relative_paths_begin_at_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "cameras:\n  - {id: a, url: clips/a.mp4}\n  - {id: b, url: /dev/video0}\n  - {id: c, url: rtsp://h/s}\n"
        "model: {file: m.onnx}\n",
        encoding="utf-8-sig",
    )
    config = load(path)
    urls = [camera.url.reveal() for camera in config.cameras]
    assert urls == [str(tmp_path / "clips/a.mp4"), "/dev/video0", "rtsp://h/s"]
    assert config.model.file == str(tmp_path / "m.onnx")


def test_the_example_is_everything_at_its_default() -> None:
    config = load(Path(__file__).parents[2] / "examples" / "camwire.yaml")
    assert len(config.cameras) == 2
    assert config == Config(cameras=config.cameras)
    assert config.cameras[0] == config.cameras[1].model_copy(
        update={"id": "gate", "name": "Main gate", "url": config.cameras[0].url}
    )


def test_no_form_of_a_configuration_shows_a_password() -> None:
    config = load_text(camera(url="rtsp://admin:hunter2@10.0.0.5/s"), "c.yaml")
    for shown in (repr(config), str(config), config.model_dump_json(), str(config.model_dump())):
        assert "hunter2" not in shown
        assert "10.0.0.5" in shown


def test_loading_registers_the_passwords() -> None:
    load_text(camera(url="rtsp://admin:hunter2@10.0.0.5/s"), "c.yaml")
    assert loading.SECRETS.redact("401 for hunter2") == "401 for ***"
