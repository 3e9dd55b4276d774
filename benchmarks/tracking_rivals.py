"""Runs in the rivals' own environment (see tracking.py): scores results with TrackEval, runs `trackers`.

Reads one JSON request from standard input and prints one JSON answer. Requests:

- {"do": "score", "truth": PATH, "results": [PATH, ...]}: HOTA, MOTA, IDF1, id switches and mistakes.
- {"do": "track", "tracker": NAME, "detections": PATH, "fps": F, "out": PATH}: follow and time it.
- {"do": "speed", "tracker": NAME, "scene": PATH.npz}: milliseconds an update on a made-up scene.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

SAME_IOU = 0.5


def boxes_by_frame(path, frames):
    """Per frame (ids, corners); lines with confidence 0 in a ground truth are not to be scored."""
    table = np.loadtxt(path, delimiter=",", ndmin=2, usecols=range(7))
    table = table[table[:, 6] > 0] if len(table) else table.reshape(0, 7)
    result = []
    for frame in range(1, frames + 1):
        rows = table[table[:, 0] == frame]
        result.append((rows[:, 1].astype(int), np.column_stack((rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]))))
    return result


def iou(a, b):
    size = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    common = np.clip(size, 0, None).prod(axis=2)
    area_a, area_b = (np.clip(c[:, 2:] - c[:, :2], 0, None).prod(axis=1) for c in (a, b))
    return common / np.maximum(area_a[:, None] + area_b[None, :] - common, 1e-9)


def numbered(frames):
    """TrackEval wants ids from 0 without gaps."""
    names = {name: index for index, name in enumerate(sorted({int(i) for ids, _ in frames for i in ids}))}
    return [np.array([names[int(i)] for i in ids], int) for ids, _ in frames], len(names)


def score(request):
    from trackeval.metrics import CLEAR, HOTA, Identity

    frames = int(np.loadtxt(request["truth"], delimiter=",", ndmin=2, usecols=[0]).max())
    truth = boxes_by_frame(request["truth"], frames)
    truth_ids, truth_count = numbered(truth)
    answers = []
    for path in request["results"]:
        result = boxes_by_frame(path, frames)
        ids, count = numbered(result)
        data = {
            "num_timesteps": frames,
            "gt_ids": truth_ids,
            "tracker_ids": ids,
            "num_gt_ids": truth_count,
            "num_tracker_ids": count,
            "num_gt_dets": sum(map(len, truth_ids)),
            "num_tracker_dets": sum(map(len, ids)),
            "similarity_scores": [iou(t[1], r[1]) for t, r in zip(truth, result, strict=True)],
        }
        quiet = {"PRINT_CONFIG": False, "THRESHOLD": SAME_IOU}
        clear = CLEAR(quiet).eval_sequence(data)
        answers.append(
            {
                "HOTA": 100 * float(np.mean(HOTA().eval_sequence(data)["HOTA"])),
                "MOTA": 100 * float(clear["MOTA"]),
                "IDF1": 100 * float(Identity(quiet).eval_sequence(data)["IDF1"]),
                "switches": int(clear["IDSW"]),
                "false": int(clear["CLR_FP"]),
                "missed": int(clear["CLR_FN"]),
            }
        )
    return answers


def make_tracker(name, fps):
    from trackers import ByteTrackTracker, OCSORTTracker, SORTTracker

    kinds = {"bytetrack": ByteTrackTracker, "sort": SORTTracker, "ocsort": OCSORTTracker}
    return kinds[name](frame_rate=fps)


def track(request):
    import supervision as sv

    path = request["detections"]
    frames = int(np.loadtxt(path, delimiter=",", ndmin=2, usecols=[0]).max())
    table = np.loadtxt(path, delimiter=",", ndmin=2, usecols=range(7))
    tracker = make_tracker(request["tracker"], request["fps"])
    spent, lines = [], []
    for frame in range(1, frames + 1):
        rows = table[table[:, 0] == frame]
        corners = np.column_stack((rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]))
        found = sv.Detections(xyxy=corners, confidence=rows[:, 6], class_id=np.zeros(len(rows), int))
        begun = time.thread_time()
        tracked = tracker.update(found)
        spent.append(time.thread_time() - begun)
        for box, number in zip(tracked.xyxy, tracked.tracker_id, strict=True):
            if number >= 0:
                x, y, width, height = box[0], box[1], box[2] - box[0], box[3] - box[1]
                lines.append(f"{frame},{number + 1},{x:.2f},{y:.2f},{width:.2f},{height:.2f},1,-1,-1,-1\n")
    Path(request["out"]).write_text("".join(lines))
    return {"ms": 1000 * float(np.median(spent))}


def speed(request):
    import supervision as sv

    scene = np.load(request["scene"])
    tracker = make_tracker(request["tracker"], 25.0)
    spent = []
    for boxes, scores in zip(scene["boxes"], scene["scores"], strict=True):
        found = sv.Detections(xyxy=boxes, confidence=scores, class_id=np.zeros(len(boxes), int))
        begun = time.thread_time()
        tracker.update(found)
        spent.append(time.thread_time() - begun)
    return {"ms": 1000 * float(np.median(spent[len(spent) // 4 :])), "min": 1000 * min(spent[50:])}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    answer = {"score": score, "track": track, "speed": speed}[request["do"]](request)
    # TrackEval prints as it goes.
    print("@@" + json.dumps(answer))
