"""Lists of shapes: what lies where in the corners and pixels that they share."""

import numpy as np

from camwire.devices.cuda.sheet import AREA, PLATE, SHAPE, Fragment, Sheet, strokes
from camwire.frames import Size

PICTURE = Size(100, 50)


def plate(height: int, width: int, level: int) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def area() -> bytes:
    record = np.zeros(1, SHAPE)
    record["kind"], record["right"] = AREA, 7
    return record.tobytes()


def test_a_plate_on_several_pictures_is_there_once_and_others_behind_it() -> None:
    sheet, fragment, shared = Sheet(), Fragment(), plate(4, 6, 1)
    for pixels in (shared, plate(2, 3, 2), shared, plate(2, 3, 2)):
        fragment.add_plate(pixels, 10, 20, PICTURE)
    sheet.put(fragment)
    shapes = sheet.shapes([])
    assert shapes.records["first"].tolist() == [0, 72, 0, 90]
    assert shapes.pixels.tolist() == [1] * 72 + [2] * 36


def test_plates_of_which_nobody_else_keeps_the_pixels_are_not_mistaken_for_each_other() -> None:
    sheet = Sheet()
    for level in range(50):  # each at the address that the one before had, were it not kept
        fragment = Fragment()
        fragment.add_plate(plate(2, 2, level), 0, 10, PICTURE)
        sheet.put(fragment)
    assert sheet.shapes([]).pixels.reshape(50, 12)[:, 0].tolist() == list(range(50))


def test_a_plate_is_moved_into_its_picture() -> None:
    sheet, fragment = Sheet(), Fragment()
    for left, bottom in ((-5, 2), (98, 60)):
        fragment.add_plate(plate(4, 6, 0), left, bottom, PICTURE)
    sheet.put(fragment)
    records = sheet.shapes([]).records
    assert records["kind"].tolist() == [PLATE, PLATE]
    assert records["pitch"].tolist() == [18, 18]
    sides = [records[side].tolist() for side in ("left", "top", "right", "bottom")]
    assert sides == [[0, 94], [0, 46], [6, 100], [4, 50]]


def test_areas_know_their_corners_and_keep_the_rest_of_their_record() -> None:
    sheet, fragment, corners = Sheet(), Fragment(), np.arange(6, dtype=np.float32).reshape(3, 2)
    fragment.add_area(area(), corners.tobytes())
    fragment.add(strokes(np.zeros((2, 2, 2), np.int32), np.ones(3, np.float32), 2).tobytes())
    fragment.add_area(area(), corners[:2].tobytes())
    sheet.put(fragment)
    assert sheet.count == 4
    shapes = sheet.shapes([])
    areas = shapes.records[[0, 3]]
    assert areas["kind"].tolist() == [AREA, AREA]
    assert areas["right"].tolist() == [7, 7]
    assert list(zip(areas["first"].tolist(), areas["last"].tolist(), strict=True)) == [(0, 3), (3, 5)]
    assert np.array_equal(shapes.corners, np.concatenate((corners, corners[:2])))


def test_nothing_is_nothing() -> None:
    shapes = Sheet().shapes([(0, 0, 0)])
    assert (len(shapes.records), shapes.corners.shape, shapes.pixels.shape) == (0, (0, 2), (0,))


def test_a_fragment_is_the_same_wherever_it_is_put() -> None:
    sheet, fragment, corners = Sheet(), Fragment(), np.arange(6, dtype=np.float32).reshape(3, 2)
    fragment.add_area(area(), corners.tobytes())
    fragment.add_plate(plate(2, 3, 9), 0, 10, PICTURE)
    other = Fragment()
    other.add_plate(plate(2, 2, 1), 0, 10, PICTURE)
    for one in (fragment, other, fragment):
        sheet.put(one)
    records = sheet.shapes([]).records
    assert records["kind"].tolist() == [AREA, PLATE, PLATE, AREA, PLATE]
    assert records["first"].tolist() == [0, 0, 18, 3, 0]
    assert records["last"][[0, 3]].tolist() == [3, 6]
