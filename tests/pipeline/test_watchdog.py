"""When a worker counts as stuck."""

from camwire.pipeline.watchdog import LOOKS, UnderWay, Watchdog


def looks(watchdog: Watchdog, lanes: UnderWay, count: int) -> list[str | None]:
    return [watchdog.look(lanes) for _ in range(count)]


def test_an_idle_worker_is_not_stuck() -> None:
    assert set(looks(Watchdog(), UnderWay(), 3 * LOOKS)) == {None}


def test_a_batch_that_stays_is_told_with_its_stage() -> None:
    watchdog, lanes = Watchdog(), UnderWay()
    lanes.stage(7, "detect")
    found = looks(watchdog, lanes, LOOKS + 1)
    assert set(found[:-1]) == {None}
    assert found[-1] == f"a batch was stuck in detect for {LOOKS} s"


def test_batches_that_move_are_not_stuck() -> None:
    watchdog, lanes = Watchdog(), UnderWay()
    for ticket in range(3 * LOOKS):
        lanes.stage(ticket, "detect")
        assert watchdog.look(lanes) is None
        lanes.end(failed=False)


def test_a_batch_that_is_through_is_forgotten() -> None:
    watchdog, lanes = Watchdog(), UnderWay()
    lanes.stage(7, "render")
    looks(watchdog, lanes, LOOKS - 1)
    lanes.end(failed=False)
    assert set(looks(watchdog, lanes, 2 * LOOKS)) == {None}


def test_one_where_everything_fails_is_replaced() -> None:
    watchdog, lanes = Watchdog(), UnderWay()
    found = []
    for _ in range(LOOKS):
        lanes.end(failed=True)
        found.append(watchdog.look(lanes))
    assert set(found[:-1]) == {None}
    assert found[-1] == f"no batch came through in {LOOKS} s, all failed"


def test_one_where_some_fail_is_not() -> None:
    watchdog, lanes = Watchdog(), UnderWay()
    for turn in range(4 * LOOKS):
        lanes.end(failed=turn % LOOKS != 0)
        assert watchdog.look(lanes) is None


def test_failures_long_ago_are_forgotten_while_nothing_comes() -> None:
    watchdog, lanes = Watchdog(), UnderWay()
    for _ in range(LOOKS - 1):
        lanes.end(failed=True)
        watchdog.look(lanes)
    assert set(looks(watchdog, lanes, 3 * LOOKS)) == {None}
