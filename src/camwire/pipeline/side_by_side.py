"""A map over several threads that keeps the order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


def side_by_side(work: Callable[[Any], Any], items: Iterable[Any], threads: int) -> Iterator[Any]:
    """``map(work, items)`` on ``threads`` threads, in order, with ``threads`` + 1 items under way at most."""
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
