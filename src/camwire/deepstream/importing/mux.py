"""[streammux], as `output.size` and what nvstreammux alone is told."""

from __future__ import annotations

from camwire.deepstream.importing.documents import Group
from camwire.deepstream.importing.draft import Draft
from camwire.deepstream.importing.values import boolean, integer

SECTION = "deepstream"

REASONS = {
    "config-file": "the new muxer: write deepstream.mux: new; camwire writes its file",
    "sync-inputs": "cameras don't wait for each other",
    "max-latency": "cameras don't wait for each other",
    "frame-duration": "times come from the pictures",
    "attach-sys-ts-as-ntp": "camwire takes the time of arrival; times in RTCP aren't used",
}
QUIET = frozenset(
    """
    gpu-id nvbuf-memory-type live-source buffer-pool-size num-surfaces-per-frame compute-hw
    interpolation-method drop-pipeline-eos async-process
    """.split()  # noqa: SIM905 - a list of words
)


def read_mux(group: Group, draft: Draft) -> None:
    width, height = group.take("width"), group.take("height")
    if width is not None and height is not None:
        draft.put("output", "size", f"{integer(width)}x{integer(height)}", width)
    if padding := group.take("enable-padding"):
        draft.put(SECTION, "padding", boolean(padding, False), padding)
    if size := group.take("batch-size"):
        draft.put(SECTION, "batch_size", integer(size), size)
    if timeout := group.take("batched-push-timeout"):
        if integer(timeout) < 0:
            draft.remark(SECTION, timeout, "a batch waits for `batch_timeout_us` at most, never for ever")
        else:
            draft.put(SECTION, "batch_timeout_us", integer(timeout), timeout)
    draft.leave(SECTION, group, REASONS, QUIET)
