"""Plates put together of pieces look as if their text had been drawn in one go."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.devices.cpu.labels import name_plate, pieces_of, text_plate
from camwire.devices.cpu.palette import INK, colour_of
from camwire.devices.cpu.typeface import SEMIBOLD, margin_of
from camwire.devices.cuda.sheet import jpeg_pixels, text_pixels

TEXTS = ("yard  inside 23  entered 271", "Eingang Süd 2  in 12  out 0", "4711", "door", "7 a 8")
font = cv2.FontFace("sans")


def in_one_go(text: str, colour: tuple[int, int, int], size: int) -> np.ndarray:
    width = cv2.getTextSize((0, 0), text, (0, 0), font, size, SEMIBOLD)[2]
    plate = np.full((size * 3 // 2, width + 2 * (size * 2 // 5), 3), colour, np.uint8)
    cv2.putText(
        plate, text, (size * 2 // 5, (size * 3 // 2 + size * 7 // 10) // 2), INK, font, size, SEMIBOLD
    )
    return plate


@pytest.mark.parametrize("size", [14, 18, 24, 36])
@pytest.mark.parametrize("text", TEXTS)
def test_a_plate_of_pieces_is_that_of_the_whole_text(text, size):
    colour = colour_of(3)
    plate, whole = text_plate(text, colour, size), in_one_go(text, colour, size)
    assert plate.shape == whole.shape
    # A letter's faint edge that reaches into the piece before it is cut off.
    assert (plate != whole).any(axis=2).mean() < 0.01


@given(st.text())
def test_pieces_are_the_whole_text(text):
    assert "".join(pieces_of(text)) == text


@given(st.text(max_size=20), st.sampled_from([8, 18, 30]))
def test_whatever_a_rule_is_called_has_a_plate(text, size):
    plate = text_plate(text, colour_of(1), size)
    assert plate.shape[0] == size * 3 // 2
    assert plate.shape[1] >= 2 * margin_of(size) + 1


@pytest.mark.parametrize("text", ["", "\n", "\u200b", "\u0301", "7\u200b8"])
def test_characters_that_take_no_room_do_no_harm(text):
    assert text_plate(text, colour_of(1), 18).shape[0] == 27
    assert text_pixels(text, colour_of(1), 18).shape[0] == 27


def test_ids_and_names_are_on_a_name_plate():
    wide, narrow = name_plate("person", 1234, 0, 18), name_plate("person", 1, 0, 18)
    assert wide.shape[1] > narrow.shape[1]
    assert (wide != name_plate("person", 1235, 0, 18)).any()


@pytest.mark.parametrize("text", TEXTS)
def test_a_gpus_plate_is_the_same_in_the_colours_of_jpeg(text):
    assert np.array_equal(
        text_pixels(text, colour_of(5), 18), jpeg_pixels(text_plate(text, colour_of(5), 18))
    )
