"""Random scenarios: configurations as plain dicts, as INI and as YAML, and frames with moving objects."""

import random

SIZES = [(1920, 1080), (1280, 720), (1000, 1000), (640, 480)]
WINDOWS = [1, 2, 3, 4, 5, 8, 10, 10, 20, 30]
UNTRACKED = 2**64 - 1


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def config(self, streams):
        size = self.random.choice(SIZES)
        stations = {number: self.stream(size) for number in range(streams)}
        return {"size": size, "window": self.random.choice(WINDOWS), "streams": stations}

    def stream(self, size):
        count = self.random.randint
        return {
            "rois": [
                self.polygon(size, f"R{i}", inverse=self.random.random() < 0.4) for i in range(count(0, 2))
            ],
            "crowds": [
                self.polygon(size, f"{self.random.choice('RC')}{i}", threshold=count(1, 3))
                for i in range(count(0, 2))
            ],
            "directions": [
                self.entry(f"D{i}", [self.point(size) for _ in range(2)]) for i in range(count(0, 3))
            ],
            "lines": [self.line(size, f"L{i}") for i in range(count(1, 3))],
        }

    def entry(self, label, points, **more):
        return {"label": label, "on": True, "classes": self.random.choice(CLASSES), "points": points, **more}

    def point(self, size):
        return self.random.randrange(size[0]), self.random.randrange(size[1])

    def polygon(self, size, label, **more):
        corners = self.random.choice([3, 4, 5, 8])
        return self.entry(label, [self.point(size) for _ in range(corners)], **more)

    def line(self, size, label):
        """Near the middle, where objects pass; often with an arrow that points across it."""
        (width, height), chance = size, self.random.random
        x, y = int(width * (0.3 + 0.4 * chance())), int(height * (0.3 + 0.4 * chance()))
        dx, dy = self.random.randint(-width // 4, width // 4), self.random.randint(-height // 4, height // 4)
        if chance() < 0.3:
            dx = 0
        elif chance() < 0.3:
            dy = 0
        ends = [(x - dx, y - dy), (x + dx, y + dy)]
        arrow = [self.point(size), self.point(size)]
        if chance() < 0.5:
            arrow = [
                (max(x - dy, 0), max(y + dx, 0)),
                (x, y) if chance() < 0.5 else (max(x + dy, 0), max(y - dx, 0)),
            ]
        mode = self.random.choice(["strict", "balanced", "loose"])
        return self.entry(label, [*arrow, *ends], mode=mode, extended=chance() < 0.5)

    def frames(self, streams, trajectories, length):
        """``trajectories`` objects in each stream, of up to ``length`` frames; some share an id."""
        frames = [self.stream_frames(number, trajectories, length) for number in range(streams)]
        mixed = []
        while any(frames):
            mixed.append(self.random.choice([queue for queue in frames if queue]).pop(0))
        return mixed

    def stream_frames(self, number, trajectories, length):
        width, height = self.random.choice(SIZES)
        moving = [self.trajectory(width, height, length, i) for i in range(trajectories)]
        pts, frames = self.random.randrange(10**10), []
        for index in range(length * 2):
            pts = max(0, pts + self.step())
            objects = [path[index] for path in moving if path.get(index)]
            frames.append([number, width, height, pts, objects])
        return frames

    def step(self):
        rare = self.random.random()
        if rare < 0.03:
            return 0
        if rare < 0.05:
            return self.random.choice(
                [-40_000_000, 7_999_000_000, 8_000_000_000, 8_001_000_000, 9_000_000_000]
            )
        return self.random.choice([33_333_333, 40_000_000, 1_000_000])

    def trajectory(self, width, height, length, i):
        """Objects by frame index: straight, jittering, standing, jumping; with gaps."""
        chance, uniform = self.random.random, self.random.uniform
        box = [uniform(-30, width), uniform(-30, height), uniform(0, width / 5), uniform(0, height / 3)]
        speed = uniform(-40, 40), uniform(-30, 30)
        if chance() < 0.2:
            speed = 0, 0
        jitter = self.random.choice([0, 0.4, 3, 8])
        object_id = UNTRACKED if chance() < 0.05 else self.random.choice([i, i % 3, i + 2**40])
        class_id = self.random.choice([0, 0, 1, 2])
        begin, path = self.random.randrange(length), {}
        for index in range(begin, begin + length):
            box[0] += speed[0] + uniform(-jitter, jitter)
            box[1] += speed[1] + uniform(-jitter, jitter)
            if chance() < 0.02:
                box[0], box[1] = uniform(-30, width), uniform(-30, height)
            if chance() > 0.1 and -60 < box[0] < width and -60 < box[1] < height:
                digits = self.random.choice([0, 2, 9])
                path[index] = (object_id, class_id, *(round(value, digits) for value in box))
        return path


CLASSES = [[], [], [-1], [0], [0, 1], [2]]
KINDS = {
    "rois": ("roi-filtering", "roi", {"inverse": "inverse-roi"}),
    "crowds": ("overcrowding", "roi", {"threshold": "object-threshold"}),
    "directions": ("direction-detection", "direction", {}),
    "lines": ("line-crossing", "line-crossing", {"mode": "mode", "extended": "extended"}),
}


def settings_apart(config):
    """Groups hold for all their labels, so every entry takes a group's settings from its first entry."""
    for stream in config["streams"].values():
        for kind, (_, _, settings) in KINDS.items():
            for entry in stream[kind]:
                entry.update({name: stream[kind][0][name] for name in ("on", "classes", *settings)})
    return config


def as_ini(config):
    width, height = config["size"]
    lines = ["[property]", "enable=1", f"config-width={width}", f"config-height={height}"]
    lines.append(f"obj-cnt-win-in-ms={config['window']}")
    for name, items in _groups(config):
        lines += ["", f"[{name}]", *(f"{key}={value}" for key, value in items)]
    return "\n".join(lines) + "\n"


def as_yaml(config):
    width, height = config["size"]
    lines = ["property:", "  enable: 1", f"  config-width: {width}", f"  config-height: {height}"]
    lines.append(f"  obj-cnt-win-in-ms: {config['window']}")
    for name, items in _groups(config):
        lines += [f"{name}:", *(f"  {key}: {value}" for key, value in items)]
    return "\n".join(lines) + "\n"


def _groups(config):
    for number, stream in config["streams"].items():
        for kind, (group, prefix, settings) in KINDS.items():
            if not stream[kind]:
                continue
            first = stream[kind][0]
            items = [("enable", int(first["on"]))]
            if first["classes"]:
                items.append(("class-id", ";".join(map(str, first["classes"]))))
            items += [(key, _word(first[name])) for name, key in settings.items()]
            for entry in stream[kind]:
                items.append((f"{prefix}-{entry['label']}", ";".join(f"{x};{y}" for x, y in entry["points"])))
            yield f"{group}-stream-{number}", items


def _word(value):
    return int(value) if isinstance(value, bool) else value
