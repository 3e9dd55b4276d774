"""nvdsanalytics once more, from its description alone: slow, plain, and sharing nothing with the product.

A configuration is a dict: ``size`` (width, height), ``window``, and per stream lists of dicts under ``rois``,
``crowds``, ``directions`` and ``lines``. Single precision is numpy's.
"""

import math

import numpy as np

F = np.float32
NOBODY = 2**64 - 1
LIMITS = {"strict": (6000, 20, F(0.8)), "balanced": (3000, 10, F(0.5)), "loose": (1000, 3, F(0.1))}


def cut(number):
    return math.trunc(number)


def half(integer):
    return cut(integer / 2)


def applies(entry, class_id):
    wanted = entry["classes"]
    return wanted == [] or -1 in wanted or class_id in wanted


def wrapped(number):
    """Into the range of a signed 32-bit integer."""
    number %= 2**32
    return number - 2**32 if number >= 2**31 else number


def whole_box(left, top, width, height):
    left, top, width, height = (cut(float(F(value))) % 2**32 for value in (left, top, width, height))
    return wrapped(left + width // 2), wrapped(top + height // 2), width, height


def is_inside(polygon, x, y):
    crossings = 0
    for i in range(len(polygon)):
        (x0, y0), (x1, y1) = polygon[i], polygon[(i + 1) % len(polygon)]
        if (y0 <= y < y1) or (y1 <= y < y0):
            a, b, c = y0 - y1, x1 - x0, y1 * x0 - x1 * y0
            numerator = -(b * y + c)
            intercept = abs(numerator) // abs(a) * (1 if (numerator < 0) == (a < 0) else -1)
            crossings += 0 <= intercept <= x
    return crossings % 2 == 1


def unit(ax, ay, bx, by):
    length = math.sqrt((ax - bx) ** 2 + (ay - by) ** 2)
    return (0.0, 0.0) if length < 1e-9 else ((bx - ax) / length, (by - ay) / length)


def line_through(ax, ay, bx, by):
    a, b, c = ay - by, bx - ax, ax * by - bx * ay
    length = math.sqrt(a * a + b * b)
    return [a / length, b / length, c / length]


def side(line, x, y):
    return line[0] * x + line[1] * y + line[2]


def scale_to_one(line):
    """In place, for that is what happens to a configured line each time it is intersected."""
    length = math.sqrt(line[0] * line[0] + line[1] * line[1])
    line[:] = [value / length for value in line]


def intersection(one, other):
    scale_to_one(one)
    scale_to_one(other)
    det = one[0] * other[1] - one[1] * other[0]
    if abs(det) < 1e-5:
        return None
    return (-one[2] * other[1] + one[1] * other[2]) / det, (-one[0] * other[2] + one[2] * other[0]) / det


def sense_of(d1, d2, l1, l2):
    if d1 == d2 or l1 == l2:
        return "direction"
    line = line_through(*l1, *l2)
    at = intersection(line_through(*d1, *d2), line)
    if at is None:
        return "direction"
    v = unit(*d1, *d2)
    for point, zero in ((d1, 1e-5), (d2, 0)):
        u = unit(*point, *at)
        e = u[0] * v[0] + u[1] * v[1]
        s = side(line, *point)
        if (e > 0.99 and s > zero) or (e < -0.99 and s < zero):
            return "pos->neg"
        if (e < -0.99 and s > zero) or (e > 0.99 and s < zero):
            return "neg->pos"
    return "direction"


def cosine_reaches(v, mx, my, limit):
    if mx == 0 and my == 0:
        return False
    return (v[0] * mx + v[1] * my) / math.sqrt(mx * mx + my * my) >= float(limit)


class Stream:
    def __init__(self, config, stream, size):
        sx, sy = (F(size[i]) / F(config["size"][i]) for i in (0, 1))
        self.H = config["window"]

        def scaled(points):
            return [(cut(float(F(x) * sx)), cut(float(F(y) * sy))) for x, y in points]

        def copies(kind):
            return [
                dict(entry, points=scaled(entry["points"])) for entry in stream.get(kind, []) if entry["on"]
            ]

        self.rois, self.crowds = copies("rois"), copies("crowds")
        self.directions, self.lines = copies("directions"), copies("lines")
        for way in self.directions + self.lines:
            way["v"] = unit(*way["points"][0], *way["points"][1])
            way["off"] = False
        for line in self.lines:
            d1, d2, l1, l2 = line["points"]
            line["sense"] = sense_of(d1, d2, l1, l2)
            line["equation"] = None if l1 == l2 else line_through(*l1, *l2)
        self.samples, self.seen_at, self.done = {}, {}, {}
        self.totals = {line["label"]: 0 for line in self.lines}
        self.votes, self.first_seen, self.past, self.fed = {}, {}, {}, {}
        self.clock = 0

    def frame(self, pts, objects):
        for key in [key for key, then in self.seen_at.items() if cut((pts - then) / 1e6) > 8000]:
            del self.samples[key], self.seen_at[key], self.done[key]
        out = {
            "obj_in_roi_cnt": {entry["label"]: 0 for entry in self.rois + self.crowds},
            "oc_status": {entry["label"]: False for entry in self.crowds},
            "lc_curr_cnt": {entry["label"]: 0 for entry in self.lines},
            "objects": [],
        }
        in_rois, in_crowds = {}, {}
        for i, item in enumerate(objects):
            result = self.one(i, item, pts, in_rois, in_crowds, out)
            if result["status"] or "oc" in result:
                out["objects"].append(result)
        out["obj_in_roi_cnt"].update(in_rois)
        for entry in self.crowds:
            out["obj_in_roi_cnt"][entry["label"]] = in_crowds.get(entry["label"], 0)
        out["lc_cum_cnt"] = dict(self.totals)
        out["obj_cnt"] = self.smooth(pts, [item[1] for item in objects])
        return out

    def one(self, i, item, pts, in_rois, in_crowds, out):
        key, class_id, *box = item
        cx, cy, w, h = whole_box(*box)
        history = self.samples.setdefault(key, [])
        self.done.setdefault(key, set())
        self.seen_at[key] = pts
        history.append((cx, cy, w, h))
        n, recent = len(history), history[-self.H :]
        mean_h = self.mean(recent, 3)
        bh = half(cut(float(mean_h)))
        px, py, pw, ph = self.earlier(history)
        D = (cx - px) ** 2 + ((cy + half(h)) - (py + half(ph))) ** 2
        roi, crowd, crossed, ways, status = [], [], [], "", ""
        for entry in self.rois:
            if applies(entry, class_id) and is_inside(entry["points"], cx, cy + bh) != entry["inverse"]:
                roi.append(entry["label"])
                in_rois[entry["label"]] = in_rois.get(entry["label"], 0) + 1
                status += " ROI:" + entry["label"]
        for entry in self.crowds:
            if applies(entry, class_id) and is_inside(entry["points"], cx, cy + bh):
                crowd.append(entry["label"])
                in_crowds[entry["label"]] = in_crowds.get(entry["label"], 0) + 1
                if in_crowds[entry["label"]] >= entry["threshold"]:
                    out["oc_status"][entry["label"]] = True
        for entry in self.directions:
            if entry["off"] or not applies(entry, class_id):
                continue
            entry["off"] = key == NOBODY
            if n > self.H and self.has_stopped(recent, mean_h):
                status += " STOPPED "
                break
            if D > 3000 and n > 10 and cosine_reaches(entry["v"], cx - px, cy - py, F(0.5)):
                ways += f" DIR:{entry['label']} "
                status += f" DIR:{entry['label']} "
        for entry in self.lines:
            if entry["off"] or entry["label"] in self.done[key] or not applies(entry, class_id):
                continue
            entry["off"] = key == NOBODY
            if self.crosses(entry, n, D, (cx, cy, w, h), (px, py, pw, ph), mean_h, bh):
                self.done[key].add(entry["label"])
                crossed.append(entry["label"])
                out["lc_curr_cnt"][entry["label"]] += 1
                self.totals[entry["label"]] += 1
                status += f" LC:{entry['label']} "
        lists = {"roi": roi, "oc": crowd, "lc": crossed, "dir": ways}
        return {"i": i, **{name: value for name, value in lists.items() if value}, "status": status}

    def mean(self, recent, column):
        """Sums are unsigned: a negative one is huge, so that an object beyond the left border "stops"."""
        return F(np.uint64(sum(sample[column] for sample in recent) % 2**64)) / F(len(recent))

    def variance(self, recent, column):
        squares = F(sum(sample[column] ** 2 for sample in recent)) / F(len(recent))
        mean = self.mean(recent, column)
        with np.errstate(over="ignore"):
            return squares - mean * mean

    def has_stopped(self, recent, mean_h):
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = self.variance(recent, 1) / mean_h
        return self.variance(recent, 0) <= 400 and float(spread) <= 0.01

    def earlier(self, history):
        n = len(history)
        if n <= 3:
            return 0, 0, 0, 0
        if n < self.H:
            chosen = history[:2]
        else:
            ring = history[-self.H :]
            chosen = [ring[k % self.H] for k in range(4)]
        return tuple(cut(sum(sample[column] for sample in chosen) / len(chosen)) for column in range(4))

    def crosses(self, entry, n, way, now, before, mean_h, bh):
        most_way, most_n, least_cosine = LIMITS[entry["mode"]]
        (cx, cy, w, h), (px, py, pw, _) = now, before
        line = entry["equation"]
        if line is None or way <= most_way or n <= most_n:
            return False
        foot = cy + half(h)
        if entry["mode"] != "loose" or entry["sense"] == "direction":
            if not cosine_reaches(entry["v"], cx - px, foot - (py + bh), least_cosine):
                return False
            if cut(side(line, px, py + bh)) * cut(side(line, cx, foot)) >= 0:
                return False
        else:
            start = side(line, px, float(F(py) + mean_h / F(2)))
            end = side(line, cx, foot)
            if entry["sense"] == "neg->pos" and not (end >= 0 > start):
                return False
            if entry["sense"] == "pos->neg" and not (end <= 0 < start):
                return False
        if entry["extended"]:
            return True
        y0, y1 = py + float(mean_h) / 2, cy + h / 2
        return any(self.meets(entry, px + k * half(pw), y0, cx + k * half(w), y1) for k in (0, 1, -1))

    def meets(self, entry, x0, y0, x1, y1):
        if (x0, y0) == (x1, y1):
            scale_to_one(entry["equation"])
            return False
        at = intersection(line_through(x0, y0, x1, y1), entry["equation"])
        if at is None:
            return False
        (ax, ay), (bx, by) = entry["points"][2:]
        fx, fy, ex, ey = at[0] - ax, at[1] - ay, bx - ax, by - ay
        return fx * ex + fy * ey > 0 and ex * ex + ey * ey > fx * fx + fy * fy

    def smooth(self, pts, class_ids):
        raw = {class_id: class_ids.count(class_id) for class_id in class_ids}
        for class_id in self.votes:
            if class_id not in raw and self.fed[class_id] != pts:
                raw[class_id] = 0
        return {str(class_id): self.vote(class_id, count, pts) for class_id, count in raw.items()}

    def vote(self, class_id, count, pts):
        votes, past = self.votes.setdefault(class_id, {}), self.past.setdefault(class_id, {})
        if count not in votes:
            self.clock += 1
            self.first_seen[class_id, count] = self.clock
        votes[count] = votes.get(count, 0) + 1
        for then in [then for then in past if then > pts or (pts - then) / 1e6 > self.H]:
            votes[past.pop(then)] -= 1
        past[pts] = count
        self.fed[class_id] = pts
        return max(votes, key=lambda value: (votes[value], self.first_seen[class_id, value]))


def expected(config, frames):
    """What comes out of ``frames``, each ``[stream, width, height, pts, objects]``."""
    streams, results = {}, []
    for number, width, height, pts, objects in frames:
        if number not in streams:
            streams[number] = Stream(config, config["streams"].get(number, {}), (width, height))
        results.append(streams[number].frame(pts, objects))
    return results
