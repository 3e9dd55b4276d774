"""Object counts, smoothed: per class the count seen most often within a sliding window."""

from __future__ import annotations

from camwire.analytics.nvdsanalytics.carith import UINT64

BUCKETS = (13, 29, 59, 127, 257, 541, 1109, 2357, 5087, 10273, 20753)
"""The sizes to which a libstdc++ hash table grows, each when it holds as many elements as the one before."""


class Votes:
    """How often each count was seen, in the order in which libstdc++'s ``unordered_map`` goes through them.

    The order decides ties: the first of the greatest wins. A new count goes to the front, or, where its
    bucket is taken already, to the front of its bucket. A count without votes keeps its place.
    """

    __slots__ = ("_buckets", "_order", "_votes")

    def __init__(self) -> None:
        self._votes: dict[int, int] = {}
        self._order: list[int] = []
        self._buckets = BUCKETS[0]

    def add(self, count: int) -> None:
        if count not in self._votes:
            self._insert(count)
        self._votes[count] = self._votes.get(count, 0) + 1

    def remove(self, count: int) -> None:
        self._votes[count] -= 1

    def winner(self) -> int:
        return max(self._order, key=self._votes.__getitem__)

    def tied(self) -> list[int]:
        """All counts with the most votes, ascending."""
        most = max(self._votes.values())
        return sorted(count for count, votes in self._votes.items() if votes == most)

    def _insert(self, count: int) -> None:
        if len(self._order) == self._buckets and self._buckets != BUCKETS[-1]:
            self._buckets = BUCKETS[BUCKETS.index(self._buckets) + 1]
            before, self._order = self._order, []
            for known in before:
                self._link(known)
        self._link(count)

    def _link(self, count: int) -> None:
        bucket = count % self._buckets
        places = (place for place, known in enumerate(self._order) if known % self._buckets == bucket)
        self._order.insert(next(places, 0), count)


class CountFilter:
    """The smoothed count of one class."""

    __slots__ = ("_past", "_votes", "_window", "updated")

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._votes = Votes()
        self._past: dict[int, int] = {}
        """Count by PTS, ascending. Two frames with one PTS share an entry, though both voted."""
        self.updated = -1
        """PTS of the newest count."""

    def smooth(self, count: int, pts: int) -> int:
        """The count most frequent in the window that ends at ``pts`` (nanoseconds), this one included."""
        self._votes.add(count)
        self._expire(pts)
        self._past[pts] = count
        self.updated = pts
        return self._votes.winner()

    def tied(self) -> list[int]:
        return self._votes.tied()

    def _expire(self, pts: int) -> None:
        """Take back the votes of what is out of the window; a PTS in the future counts as long past."""
        if pts < self.updated:
            expired = [past for past in self._past if self._is_expired(past, pts)]
        else:
            expired = []
            for past in self._past:
                if not self._is_expired(past, pts):
                    break
                expired.append(past)
        for past in expired:
            self._votes.remove(self._past.pop(past))

    def _is_expired(self, past: int, pts: int) -> bool:
        return ((pts - past) & UINT64) / 1e6 > self._window
