"""How convolutions are cut into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from camwire.runtimes.fused.tiles import LEAST, tiles_for

H100 = 227 * 1024
CHANNELS = st.integers(1, 2048)


@given(
    st.lists(st.integers(1, 64).map(lambda n: n * LEAST), min_size=1, max_size=4),
    CHANNELS,
    st.sampled_from([48 * 1024, 99 * 1024, H100]),
)
def test_pieces_of_single_pixels_stay_within_a_source_and_the_memory(sources, out, shared) -> None:
    tiles = tiles_for(sources, out, 1, 1, shared)
    assert all(channels % tiles.depth == 0 for channels in sources)
    assert tiles.shared <= shared


@given(CHANNELS, CHANNELS, st.sampled_from([3, 5, 7]), st.sampled_from([1, 2]), st.integers(16, 227))
def test_pieces_are_what_triton_takes(channels, out, side, stride, kilobytes) -> None:
    tiles = tiles_for([channels], out, side, stride, kilobytes * 1024)
    sides = tiles.pixels, tiles.channels, tiles.depth
    assert all(side >= LEAST and side & (side - 1) == 0 for side in sides)
    assert tiles.warps in (4, 8)
    assert tiles.stages >= 2
    assert tiles.shared <= kilobytes * 1024


def test_pieces_are_no_broader_than_the_result_needs() -> None:
    assert [tiles_for([64], out, 3, 1, H100).channels for out in (3, 16, 17, 64, 80, 512)] == [
        16, 16, 32, 64, 128, 128,
    ]  # fmt: skip
