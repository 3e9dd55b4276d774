"""Do cameras that are well notice what happens to others?

Every fault of tests/reliability/faults.py happens at once, each to a camera of its own, in one engine. What
is printed: how soon each was said and was over, and the latency of the cameras that are well before, during
and after.

    python benchmarks/faults.py [--seconds 10]

The cameras are threads of the same process and want the same interpreter: the figures are the worst case.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.reliability.faults import FAULTS
from tests.reliability.run import WITNESSES, play


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="to measure before and after the faults")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = play(FAULTS, Path(folder), before=options.seconds, after=options.seconds)
    print("| fault | said after, s | what | back after, s |\n|---|---|---|---|")
    for fault in FAULTS:
        story = outcome.stories[fault.name]
        said = f"{story.said_after:.1f} | {story.said}" if fault.says else "– | nothing: it stays live"
        print(f"| {fault.name} | {said} | {story.back_after:.1f} |")
    print("\n| witnesses | pictures | p50, ms | p95, ms |\n|---|---|---|---|")
    for phase in ("before", "during", "after"):
        ages = np.array(outcome.ages[phase]) * 1000
        p50, p95 = np.percentile(ages, (50, 95))
        print(f"| {phase} | {len(ages)} | {p50:.1f} | {p95:.1f} |")
    for name in WITNESSES:
        report = outcome.stories[name].last
        assert report is not None
        print(f"{name}: {report.frames_in} in, {report.frames_out} out, drops {report.drops}")


if __name__ == "__main__":
    main()
