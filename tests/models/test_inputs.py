"""How large a batch is fed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.devices.contracts import InputSpec
from camwire.devices.letterbox import place
from camwire.frames import Size
from camwire.models.inputs import input_for

LARGEST = InputSpec(Size(416, 416), "RGB", 114, centred=False)


@pytest.mark.parametrize(
    ("pictures", "size"),
    [
        ([(1920, 1080)], (416, 256)),
        ([(768, 576)], (416, 320)),
        ([(720, 1280)], (256, 416)),
        ([(300, 300)], (416, 416)),
        ([(1920, 1080), (720, 1280)], (416, 416)),
        ([(1920, 1080), (768, 576)], (416, 320)),
        ([(5000, 10)], (416, 32)),
    ],
)
def test_the_input_has_no_more_bars_than_the_grid_needs(
    pictures: list[tuple[int, int]], size: tuple[int, int]
) -> None:
    sizes = [Size(*picture) for picture in pictures]
    assert input_for(LARGEST, 32, sizes).size == size


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 4000)), min_size=1, max_size=4))
def test_a_smaller_input_shows_pictures_at_the_same_scale(pictures: list[tuple[int, int]]) -> None:
    sizes = [Size(*picture) for picture in pictures]
    spec = input_for(LARGEST, 32, sizes)
    assert spec.size.width % 32 == spec.size.height % 32 == 0
    for size in sizes:
        largest = place(size, LARGEST)
        assert largest.size.width <= spec.size.width <= 416
        assert largest.size.height <= spec.size.height <= 416
        assert place(size, spec) == largest


def test_a_fixed_input_and_a_stretched_one_stay_as_they_are() -> None:
    wide = [Size(1920, 1080)]
    assert input_for(LARGEST, None, wide) is LARGEST
    stretched = InputSpec(Size(640, 640), "RGB", 0, centred=True, keep_aspect=False)
    assert input_for(stretched, 32, wide) is stretched
