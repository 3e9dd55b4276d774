"""What waits for a client: bounded, newest first, nobody starves."""

from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.server.mailbox import TEXTS_WAITING, Mailbox, Picture


def picture(camera: str, number: int = 0) -> Picture:
    return Picture(camera, b"%d" % number, float(number))


def taken(mailbox: Mailbox) -> list[Picture | str]:
    messages = []
    while (message := mailbox.take()) is not None:
        messages.append(message)
    return messages


def test_nothing_waits_at_first() -> None:
    assert Mailbox().take() is None


def test_a_newer_picture_replaces_the_older_and_counts() -> None:
    mailbox = Mailbox()
    mailbox.put_picture(picture("a", 1))
    mailbox.put_picture(picture("a", 2))
    assert mailbox.cameras_waiting == 1
    assert taken(mailbox) == [picture("a", 2)]
    assert mailbox.dropped == {"a": 1}


def test_the_camera_that_waited_longest_goes_first() -> None:
    mailbox = Mailbox()
    mailbox.put_picture(picture("a", 1))
    mailbox.put_picture(picture("b", 1))
    mailbox.put_picture(picture("a", 2))
    assert mailbox.take() == picture("a", 2)
    mailbox.put_picture(picture("a", 3))
    assert taken(mailbox) == [picture("b", 1), picture("a", 3)]


def test_no_camera_starves_beside_a_fast_one() -> None:
    mailbox = Mailbox()
    mailbox.put_picture(picture("slow"))
    seen = set()
    for number in range(3):
        mailbox.put_picture(picture("fast", number))
        message = mailbox.take()
        assert isinstance(message, Picture)
        seen.add(message.camera)
    assert seen == {"slow", "fast"}


def test_text_goes_before_pictures_and_only_the_newest_of_a_kind() -> None:
    mailbox = Mailbox()
    mailbox.put_picture(picture("a"))
    mailbox.put_latest("stats", "old")
    mailbox.put_latest("toggles", "toggles")
    mailbox.put_latest("stats", "new")
    mailbox.put_text("error")
    assert taken(mailbox) == ["error", "new", "toggles", picture("a")]


def test_texts_are_bounded_and_the_oldest_gives_way() -> None:
    mailbox = Mailbox()
    for number in range(TEXTS_WAITING + 3):
        mailbox.put_text(str(number))
    assert taken(mailbox) == [str(number) for number in range(3, TEXTS_WAITING + 3)]


_steps = st.lists(st.none() | st.sampled_from("abc"), max_size=60)


@settings(deadline=None)
@given(_steps)
def test_every_picture_is_taken_dropped_or_waiting_and_order_holds(steps: list[str | None]) -> None:
    """None takes; a letter puts that camera's next picture."""
    mailbox = Mailbox()
    put = dict.fromkeys("abc", 0)
    got: dict[str, list[int]] = {camera: [] for camera in "abc"}
    for camera in steps:
        if camera is not None:
            put[camera] += 1
            mailbox.put_picture(picture(camera, put[camera]))
        elif isinstance(message := mailbox.take(), Picture):
            got[message.camera].append(int(message.message))
        assert mailbox.cameras_waiting <= 3
    for message in taken(mailbox):
        assert isinstance(message, Picture)
        got[message.camera].append(int(message.message))
    for camera in "abc":
        assert len(got[camera]) + mailbox.dropped[camera] == put[camera]
        assert got[camera] == sorted(got[camera])
        assert not put[camera] or got[camera][-1] == put[camera]
