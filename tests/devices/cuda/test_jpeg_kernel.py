"""JPEGs from the kernels: coefficients against float64, files against libjpeg and FFmpeg."""

import io
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest

from camwire.devices.cuda import jpeg
from camwire.devices.cuda.encode import JPEG_PICTURE, WORDS_A_BLOCK, plan
from camwire.frames import Size
from tests.devices.cuda.jpegs import coefficients, segments

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


def picture(seed: int, size: Size) -> Planes:
    """Something between a photograph and noise."""
    rng = np.random.default_rng(seed)
    made = []
    for width, height in (size, *(Size(size.width // 2, size.height // 2),) * 2):
        coarse = rng.uniform(0, 255, (height // 24 + 2, width // 24 + 2)).astype(np.float32)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        made.append((smooth + rng.normal(0, 6, smooth.shape)).clip(0, 255).astype(np.uint8))
    return made[0], made[1], made[2]


def noise(seed: int, size: Size) -> Planes:
    """The dearest there is: black and white at random."""
    rng = np.random.default_rng(seed)
    half = size.height // 2, size.width // 2
    return tuple(rng.choice(np.array([0, 255], np.uint8), shape) for shape in (size[::-1], half, half))


class Encoded:
    """What came out of the two kernels."""

    def __init__(self, runner, pictures: list[Planes], quality: int, room: int | None = None) -> None:
        sizes = tuple(Size(planes[0].shape[1], planes[0].shape[0]) for planes in pictures)
        todo = plan(sizes, quality)
        records = todo.records.copy()
        kept = []
        for record, planes in zip(records, pictures, strict=True):
            own = [runner.put(plane) for plane in planes]
            record["y"], record["u"], record["v"] = (memory.address for memory in own)
            record["y_pitch"], record["c_pitch"] = planes[0].shape[1], planes[1].shape[1]
            kept += own
        table, scales = runner.put(records), runner.put(jpeg.scales(quality))
        self.words = runner.put(np.full((todo.blocks, WORDS_A_BLOCK), 0xDEADBEEF, np.uint32))
        lengths, sizes_here = (runner.put(np.full(todo.segments, -1, np.int32)) for _ in range(2))
        codes = runner.put(jpeg.codes())
        runner.run("jpeg", "jpeg_encode", todo.grid, table, scales, codes, self.words, lengths, sizes_here)
        room = todo.pixels * 4 + 10_000 if room is None else room
        out, starts = (
            runner.put(np.full(room + 64, 99, np.uint8)),
            runner.put(np.full(len(sizes) + 1, -1, np.int32)),
        )
        headers = runner.put(np.frombuffer(todo.headers, np.uint8))
        runner.run(
            "jpeg", "jpeg_gather", todo.grid,
            table, self.words, lengths, sizes_here, headers, np.int32(room), out, starts,
        )  # fmt: skip
        self.todo, self.starts, self.out = todo, starts.fetch().tolist(), out.fetch()
        assert (self.out[room:] == 99).all(), "nothing is written beyond the room"

    @property
    def files(self) -> list[bytes]:
        return [self.out[start:end].tobytes() for start, end in pairwise(self.starts)]


K = np.arange(8)
BASIS = np.cos((2 * K[None] + 1) * K[:, None] * np.pi / 16) * np.where(K[:, None] == 0, np.sqrt(1 / 8), 0.5)
"""[frequency, place] of the orthonormal DCT."""


def expected_coefficients(planes: Planes, quality: int) -> np.ndarray:
    """[MCUs, 6, 64] in zigzag order, by the definition of the DCT in float64, not rounded."""
    basis, made = BASIS, []
    for number, plane in enumerate(planes):
        side = 16 if number == 0 else 8
        height, width = plane.shape
        full = np.pad(plane, ((0, -height % side), (0, -width % side)), "edge").astype(np.float64) - 128
        rows, columns = full.shape[0] // 8, full.shape[1] // 8
        blocks = full.reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3)
        levels = basis @ blocks @ basis.T / jpeg.quantisers(quality)[min(number, 1)]
        levels = levels.reshape(rows, columns, 64)[..., jpeg.ZIGZAG]
        if number == 0:
            levels = levels.reshape(rows // 2, 2, columns // 2, 2, 64).transpose(0, 2, 1, 3, 4)
        made.append(levels.reshape(-1, 4 if number == 0 else 1, 64))
    return np.concatenate(made, axis=1)


def restored(coefficients: np.ndarray, quality: int, size: Size, columns: int) -> list[np.ndarray]:
    """The planes that coefficients [MCUs, 6, 64] stand for, in float64."""
    natural = np.empty(coefficients.shape)
    natural[..., jpeg.ZIGZAG] = coefficients
    levels = natural.reshape(-1, columns, 6, 8, 8)
    steps = jpeg.quantisers(quality).astype(np.float64)
    planes = []
    for which, table in ((slice(0, 4), 0), (slice(4, 5), 1), (slice(5, 6), 1)):
        blocks = (BASIS.T @ (levels[:, :, which] * steps[table]) @ BASIS + 128).clip(0, 255)
        side = 2 if table == 0 else 1
        blocks = blocks.reshape(len(blocks), columns, side, side, 8, 8).transpose(0, 2, 4, 1, 3, 5)
        plane = blocks.reshape(len(blocks) * side * 8, columns * side * 8)
        planes.append(plane[: size.height * side // 2, : size.width * side // 2])
    return planes


def pixels(file: bytes) -> np.ndarray:
    """[H, W, 3] BGR by libjpeg."""
    decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(((a.astype(float) - b) ** 2).mean(), 1e-9)))


def in_yuv(file: bytes) -> Planes:
    """The planes as FFmpeg decodes them."""
    with av.open(io.BytesIO(file), format="jpeg_pipe") as container:
        frame = next(container.decode(video=0))
    assert frame.format.name == "yuvj420p"
    return tuple(
        np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in frame.planes
    )


def test_records_are_laid_out_as_the_kernels_say() -> None:
    assert JPEG_PICTURE.itemsize == 72


def test_tables_are_libjpegs() -> None:
    def parts(file: bytes) -> dict[int, bytes]:
        found, at = {}, 2
        while file[at + 1] != 0xDA:
            length = int.from_bytes(file[at + 2 : at + 4], "big")
            found[file[at + 1]] = found.get(file[at + 1], b"") + file[at + 4 : at + 2 + length]
            at += 2 + length
        return found

    grey = np.full((48, 64, 3), 128, np.uint8)
    for quality in (1, 30, 50, 85, 100):
        theirs = parts(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
        ours = parts(jpeg.header(Size(64, 48), quality))
        for marker in (0xDB, 0xC4, 0xC0):
            assert ours[marker] == theirs[marker]


@pytest.mark.parametrize("quality", [1, 50, 85, 100])
def test_coefficients_are_those_of_the_dct(runner, quality: int) -> None:
    planes = picture(1, Size(70, 38))
    [file] = Encoded(runner, [planes], quality).files
    wanted = expected_coefficients(planes, quality)
    assert np.abs(coefficients(file, 5) - wanted).max() < 0.502, "rounded to the nearest"


@pytest.mark.parametrize("make", [picture, noise])
@pytest.mark.parametrize("quality", [1, 50, 85, 100])
def test_files_hold_the_coefficients(runner, make, quality: int) -> None:
    """They are the DCT's, and FFmpeg reads them as we do; libjpeg reads the file, too."""
    sizes = [Size(2, 2), Size(16, 16), Size(18, 34), Size(258, 20), Size(320, 176), Size(16, 2000)]
    pictures = [make(seed, size) for seed, size in enumerate(sizes)]
    made = Encoded(runner, pictures, quality)
    for record, planes, file in zip(made.todo.records, pictures, made.files, strict=True):
        own = coefficients(file, record["columns"])
        assert np.abs(own - expected_coefficients(planes, quality)).max() < 0.502
        wanted = restored(own, quality, Size(*record[["width", "height"]].tolist()), record["columns"])
        for ours, theirs, source in zip(in_yuv(file), wanted, planes, strict=True):
            assert ours.shape == source.shape
            assert np.abs(ours - theirs).max() <= 1.01
        assert pixels(file).shape[:2] == planes[0].shape


def extremes() -> Planes:
    """Every coefficient as large as it gets, and as small, in more MCUs than are coded at a time."""
    signs = BASIS[:, None, :, None] * BASIS[None, :, None, :] > 0  # [frequencies, places]
    blocks = np.where(np.concatenate((signs.reshape(64, 8, 8), ~signs.reshape(64, 8, 8))), 255, 0)
    plane = blocks.astype(np.uint8).transpose(1, 0, 2).reshape(8, -1)
    return np.vstack((plane, plane[:, ::-1])), plane[:, :512], plane[:, 512:]


def test_the_largest_coefficients_keep_their_values(runner) -> None:
    planes = extremes()
    [file] = Encoded(runner, [planes], 100).files
    own, wanted = coefficients(file, 64), expected_coefficients(planes, 100)
    assert wanted.min() == pytest.approx(-1024)
    assert wanted.max() == pytest.approx(1020)
    assert np.abs(own - wanted).max() < 0.502


@pytest.mark.parametrize("columns", [39, 40, 41, 80, 83])
def test_rows_may_be_longer_than_what_is_coded_at_a_time(runner, columns: int) -> None:
    planes = picture(columns, Size(columns * 16 - 6, 24))
    [file] = Encoded(runner, [planes], 92).files
    assert np.abs(coefficients(file, columns) - expected_coefficients(planes, 92)).max() < 0.502


def test_bytes_of_255_are_stuffed_wherever_they_lie(runner) -> None:
    planes = noise(3, Size(640, 16))
    [file] = Encoded(runner, [planes], 100).files
    [segment] = segments(file)
    assert segment.count(b"\xff\x00") > 100
    assert np.abs(coefficients(file, 40) - expected_coefficients(planes, 100)).max() < 0.502


def test_quality_and_size_are_libjpegs(runner) -> None:
    rng = np.random.default_rng(5)
    coarse = rng.uniform(60, 200, (20, 30, 3)).astype(np.float32)
    bgr = cv2.resize(coarse, (640, 368), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 5, (368, 640, 1))
    bgr = bgr.clip(0, 255).astype(np.uint8)
    y, red, blue = cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb))
    half = [cv2.resize(plane, (320, 184), interpolation=cv2.INTER_AREA) for plane in (blue, red)]
    for quality in (40, 85, 95):
        theirs = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        [ours] = Encoded(runner, [(y, half[0], half[1])], quality).files
        assert abs(psnr(pixels(ours), bgr) - psnr(pixels(theirs), bgr)) < 0.1
        assert len(ours) == pytest.approx(len(theirs), rel=0.02)


def test_a_batch_is_its_pictures_one_after_the_other(runner) -> None:
    pictures = [picture(n, size) for n, size in enumerate([Size(64, 48), Size(400, 60), Size(32, 300)])]
    together = Encoded(runner, pictures, 85).files
    assert together == [Encoded(runner, [planes], 85).files[0] for planes in pictures]


def test_where_there_is_no_room_it_is_said_how_much_is_wanted(runner) -> None:
    pictures = [picture(n, Size(64, 48)) for n in range(3)]
    wanted = Encoded(runner, pictures, 85).starts
    for room in (0, 900, wanted[-1] - 1):
        assert Encoded(runner, pictures, 85, room).starts == wanted
    assert Encoded(runner, pictures, 85, wanted[-1]).files == Encoded(runner, pictures, 85).files


def most_bits(table: np.ndarray, read: int) -> float:
    """No block's first 1 to 63 other coefficients take more, less ``read`` bits for each of them.

    A block's energy pays for them: a value of s bits is 2^(s-1) - 1/2 at least.
    """
    energy = 64 * 128.0**2
    length = table >> 16
    offers = [
        (
            run + 1,
            (2.0 ** (size - 1) - 0.5) ** 2,
            int(length[12 + (run << 4 | size)]) + size - read * (run + 1),
        )
        for size in range(1, 11)
        for run in range(16)
    ]
    offers.append((16, 0.0, int(length[12 + 0xF0]) - read * 16))
    # Whatever energy is said to cost: bits less their cost, and the whole energy's, are a bound.
    bounds = []
    for price in np.geomspace(1e-4, 0.1, 30):
        worth = [0.0] * 64
        for at in range(1, 64):
            worth[at] = max(
                worth[at - step] + bits - price * cost for step, cost, bits in offers if step <= at
            )
        bounds.append(max(worth) + price * energy)
    return min(bounds) + int(length[:12].max()) + 11


def test_no_block_can_need_more_room_than_it_has() -> None:
    for table in jpeg.codes():
        assert most_bits(table, read=0) + int(table[12] >> 16) <= WORDS_A_BLOCK * 32


def test_no_code_catches_up_with_the_coefficients_still_to_be_read() -> None:
    """Both lie in one column: 16 bits of each coefficient that has been read are free."""
    for table in jpeg.codes():
        assert most_bits(table, read=16) <= (WORDS_A_BLOCK - 32) * 32
