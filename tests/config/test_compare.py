"""What a live reload has to do."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.config import Changes, Config, compare
from camwire.config.camera import CameraConfig
from camwire.config.output import OutputConfig
from camwire.config.secrets import SecretUrl
from camwire.config.server import ServerConfig


def camera(name: str, latency_ms: int = 50, password: str = "a") -> CameraConfig:
    return CameraConfig(id=name, url=SecretUrl(f"rtsp://u:{password}@h/s"), latency_ms=latency_ms)


def config(*cameras: CameraConfig, quality: int = 85, port: int = 8080) -> Config:
    return Config(cameras=cameras, output=OutputConfig(jpeg_quality=quality), server=ServerConfig(port=port))


cameras = st.builds(camera, st.sampled_from("abcde"), st.integers(0, 2), st.sampled_from("ab"))
configs = st.builds(
    lambda chosen, quality: config(*chosen, quality=quality),
    st.lists(cameras, unique_by=lambda each: each.id),
    st.integers(84, 85),
)


def test_cameras_and_sections() -> None:
    old = config(camera("a"), camera("b"), camera("c"))
    new = config(camera("d"), camera("c", 60), camera("b"), quality=80)
    assert compare(old, new) == Changes(
        added=("d",), removed=("a",), changed=("c",), reordered=True, sections=("output",)
    )


def test_another_password_is_a_change() -> None:
    assert compare(config(camera("a")), config(camera("a", password="b"))).changed == ("a",)


def test_the_order_of_what_stays_is_not_changed_by_what_comes_and_goes() -> None:
    changes = compare(
        config(camera("a"), camera("b"), camera("c")), config(camera("d"), camera("a"), camera("c"))
    )
    assert not changes.reordered


@given(configs)
def test_nothing_changes_from_a_configuration_to_itself(same: Config) -> None:
    assert not compare(same, same)


@given(configs, configs)
def test_changes_lead_from_the_old_to_the_new(old: Config, new: Config) -> None:
    changes = compare(old, new)
    kept = {each.id: each for each in old.cameras if each.id not in changes.removed}
    kept |= {each.id: each for each in new.cameras if each.id in {*changes.added, *changes.changed}}
    assert kept == {each.id: each for each in new.cameras}
    assert bool(changes) == (old != new)
    back = compare(new, old)
    assert (set(back.added), set(back.removed)) == (set(changes.removed), set(changes.added))
