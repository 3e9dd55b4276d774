// Traces: the way an object has come, the newer half wider, on a thin shadow.
#pragma once

// Traces, from the lowest part up; in a part those of a higher rank above, and then those of a later object.
enum TracePart { SHADOW = 1, OLDER, NEWER };
constexpr int OBJECTS = 1 << 24;
DEVICE int trace_key(int part, int rank, int object) { return (part * RANKS + rank) * OBJECTS + object; }
DEVICE bool is_shadow(int key) { return key / OBJECTS / RANKS == SHADOW; }

// Lines go from eighth to eighth of a pixel (cpu/lines.py).
DEVICE float drawn(float value) { return rounded(clamped(value - 0.5f, -1e5f, 1e5f) * 8.0f) * 0.125f; }
DEVICE Point drawn(Point p) { return {drawn(p.x), drawn(p.y)}; }

// How far a trace reaches beyond its points; to the right and below its shadow's distance more.
DEVICE float trace_room(const Picture& p) { return room_of(p.line + 1); }

// The first of one lane's points from `first` to `end`; those before a trace's first aren't numbers.
DEVICE int first_point(const Point* points, int first, int end) {
    for (int k = first; k < end; k += LANES)
        if (points[k].x == points[k].x) return k;
    return end;
}

// Marks the tiles of one lane's segments.
DEVICE void mark_trace(const Picture& p, const Bit& bit, const Point* points, int first, int end, int lane) {
    float room = trace_room(p);
    ROLLED for (int k = first + lane; k + 1 < end; k += LANES)
        mark_line(p, bit, drawn(points[k]), drawn(points[k + 1]), room, room + p.line, 0, 1);
}

// What a thread adds next: a segment of an object's trace, counted from the trace's first.
struct TraceCursor { int object, segment; };

constexpr int SEGMENTS_AT_ONCE = 32, TRACES_AT_ONCE = THREADS / SEGMENTS_AT_ONCE;

DEVICE TraceCursor first_segment(int t) { return {t / SEGMENTS_AT_ONCE, t % SEGMENTS_AT_ONCE}; }

// Adds a segment that touches the tile, and its shadow; false where there is no room.
DEVICE bool add_segment(const Picture& p, const Tile& tile, const Prepared& o, int rank, int object, const Point* points, int k) {
    Point a = drawn(points[k]), b = drawn(points[k + 1]);
    float shift = p.line, room = trace_room(p);
    if (fmaxf(a.x, b.x) + shift + room < tile.left || fminf(a.x, b.x) - room > tile.left + TILE_WIDTH ||
        fmaxf(a.y, b.y) + shift + room < tile.top || fminf(a.y, b.y) - room > tile.top + TILE_HEIGHT) return true;
    bool newer = k >= o.trace_middle;
    int thickness = newer ? p.line + 1 : (p.line > 2 ? p.line - 1 : 1);
    Line both[2] = {{{a.x + shift, a.y + shift}, {b.x + shift, b.y + shift}, 1, trace_key(SHADOW, rank, object)},
                    {a, b, thickness, trace_key(newer ? NEWER : OLDER, rank, object)}};
    return add_lines(both, 2);
}

// Adds a thread's segments, until there is no room for the next one.
DEVICE void add_traces(const Picture& p, const Tile& tile, const unsigned* marks, const Object* objects, const Prepared* prepared,
                       const Point* points, int t, TraceCursor& at) {
    for (; at.object < p.last - p.first; at = {at.object + TRACES_AT_ONCE, t % SEGMENTS_AT_ONCE}) {
        if (!is_marked(marks, p.object_shift, at.object)) continue;
        const Prepared& o = prepared[at.object];
        ROLLED for (; o.trace + at.segment + 1 < o.trace_end; at.segment += SEGMENTS_AT_ONCE)
            if (!add_segment(p, tile, o, objects[at.object].rank, at.object, points, o.trace + at.segment)) return;
    }
}
