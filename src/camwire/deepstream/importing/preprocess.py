"""nvdspreprocess's file, as the model's input size and the regions in the section `deepstream`."""

from __future__ import annotations

from camwire.deepstream.importing.detector import take_input_size, take_interval, take_resize
from camwire.deepstream.importing.documents import Document, Entry, Group
from camwire.deepstream.importing.draft import Draft
from camwire.deepstream.importing.values import boolean, integer, integers

SECTION = "deepstream"
PRECISIONS = {0: "fp32", 7: "fp16"}
"""tensor-data-type."""
REGION = "roi-params-src-"
OTHERS = -1
"""Among src-ids: all streams that no group names."""

REASONS = {
    "custom-lib-path": "camwire writes nvdspreprocess's file with the library that comes with DeepStream",
    "custom-tensor-preparation-function": "camwire names the function that comes with DeepStream",
    "custom-input-transformation-function": "camwire names the function that comes with DeepStream",
    "operate-on-gie-id": "one detector only: inference on objects has no counterpart",
    "process-on-frame": "inference on objects has no counterpart",
}
QUIET = frozenset(
    """
    gpu-id unique-id target-unique-ids processing-width processing-height network-input-order
    network-color-format scaling-buf-pool-size tensor-buf-pool-size scaling-pool-memory-type
    scaling-pool-compute-hw scaling-filter symmetric-padding draw-roi roi-color
    pixel-normalization-factor offsets process-on-all-objects enable process-on-roi
    """.split()  # noqa: SIM905 - a list of words
)


def read_preprocess(file: Document, draft: Draft) -> None:
    main = file.group("property")
    if not boolean(main.take("enable"), True):
        return
    kind = main.take("tensor-data-type")
    number = integer(kind) if kind is not None else 0
    draft.put(SECTION, "preprocess", PRECISIONS.get(number, "fp32"), kind)
    if kind is not None and number not in PRECISIONS:
        draft.remark(SECTION, kind, "tensors are made in FP32 (0) or FP16 (7)")
    if name := main.take("tensor-name"):
        draft.put(SECTION, "tensor_name", name.text, name)
    if shape := main.take("network-input-shape"):
        _take_shape(shape, draft)
    take_resize(main.take("maintain-aspect-ratio"), draft)
    groups = list(file.numbered("group-"))
    named = {stream for group in groups for stream in _streams(group)}
    for group in groups:
        _take_interval(group, named, draft)
        _take_regions(group, draft)
    for group in file.groups.values():
        draft.leave(SECTION, group, REASONS, QUIET)


def _take_shape(shape: Entry, draft: Draft) -> None:
    sides = integers(shape)
    if len(sides) == 4:
        take_input_size(sides[3], sides[2], shape, draft)
    else:
        draft.remark(SECTION, shape, "is no batch;channels;height;width")


def _streams(group: Group) -> list[int]:
    sources = group.entries.get("src-ids")
    return integers(sources) if sources is not None else []


def _take_interval(group: Group, named: set[int], draft: Draft) -> None:
    """For the group's streams; ``named``: those that any group names."""
    interval, streams = group.take("interval"), _streams(group)
    if interval is None or integer(interval) == 0:
        return
    own = [
        camera
        for camera in draft.cameras
        if camera.stream in streams or (OTHERS in streams and camera.stream not in named)
    ]
    take_interval(interval, own, draft)


def _take_regions(group: Group, draft: Draft) -> None:
    on_regions = boolean(group.take("process-on-roi"), False)
    sources = group.take("src-ids")
    if on_regions and sources is not None and OTHERS in integers(sources):
        draft.remark(SECTION, sources, "was for every other stream, too: write rois for each camera")
    for key in [key for key in group.entries if key.startswith(REGION)]:
        entry = group.take(key)
        if entry is not None and on_regions:
            _take_source_regions(entry, key.removeprefix(REGION), draft)


def _take_source_regions(entry: Entry, stream: str, draft: Draft) -> None:
    """Left, top, width, height of each region, in pixels of the muxer's picture."""
    camera = next((each.values["id"] for each in draft.cameras if str(each.stream) == stream), None)
    numbers = integers(entry)
    if camera is None:
        draft.remark(SECTION, entry, f"there is no stream {stream[:20]}")
        return
    if not numbers or len(numbers) % 4:
        draft.remark(SECTION, entry, "regions are left;top;width;height, again and again")
        return
    keys = ("left", "top", "width", "height")
    regions = [
        {"camera": camera, **dict(zip(keys, numbers[at : at + 4], strict=True))}
        for at in range(0, len(numbers), 4)
    ]
    if _is_whole(regions, draft):
        return
    taken = draft.put(SECTION, "rois", [*draft.sections[SECTION].get("rois", []), *regions], entry)
    if taken and not draft.is_for_deepstream:
        draft.remark(
            SECTION, entry, "regions are for `engine: deepstream`; natively the whole picture counts"
        )


def _is_whole(regions: list[dict[str, str | int]], draft: Draft) -> bool:
    """Whether the one region is the muxer's whole picture."""
    whole = draft.sections["output"].get("size")
    return [f"{region['width']}x{region['height']}" for region in regions] == [whole] and not any(
        (region["left"], region["top"]) != (0, 0) for region in regions
    )
