// Before anything is drawn: what objects and shapes reach, where traces begin, how the labels' digits read.
#pragma once

constexpr int OBJECTS_AT_ONCE = THREADS / LANES;

// Where a trace begins, and what its points reach.
struct Extent { int first; float left, top, right, bottom; };

DEVICE Extent joined(const Extent& a, const Extent& b) {
    return {a.first < b.first ? a.first : b.first, fminf(a.left, b.left), fminf(a.top, b.top), fmaxf(a.right, b.right),
            fmaxf(a.bottom, b.bottom)};
}

// Of one lane's points, up to `end`; those before a trace's first aren't numbers.
DEVICE Extent extent_of(const Point* points, int first, int end) {
    Extent all = {end, 1e30f, 1e30f, -1e30f, -1e30f};
    for (int k = first; k < end; k += LANES)
        if (points[k].x == points[k].x) all = joined(all, {k, points[k].x, points[k].y, points[k].x, points[k].y});
    return all;
}

DEVICE Reach reach_of(float left, float top, float right, float bottom) {
    return {(short)clamped(floorf(left), -32768.0f, 32767.0f), (short)clamped(floorf(top), -32768.0f, 32767.0f),
            (short)clamped(ceilf(right), -32768.0f, 32767.0f), (short)clamped(ceilf(bottom), -32768.0f, 32767.0f)};
}

DEVICE Reaches reaches_of(const Picture& p, const Object& o, const Extent& trace) {
    Reaches reaches;
    float room = 2.0f * p.line + 4.0f;  // half a trace's width and its shadow's distance
    if (o.trace_end - o.trace < 2) room = -1e31f;  // nothing: the left side is right of the right one
    reaches.of[TRACES] = reach_of(trace.left - room, trace.top - room, trace.right + room, trace.bottom + room);
    int edge = p.line + 1;
    reaches.of[BOXES] = reach_of(o.left - edge, o.top - edge, o.right + edge, o.bottom + edge);
    reaches.of[LABELS] = reach_of(o.label_left, o.label_top, o.label_right - 1, o.label_top + p.text_height - 1);
    return reaches;
}

// Points [objects, length]; LANES threads an object, a row of blocks a picture.
KERNEL prepare_objects(const Picture* pictures, Object* objects, Reaches* reaches, const Point* points, int length) {
    SHARED Extent extents[THREADS];
    const Picture& p = pictures[blockIdx.y];
    EACH_THREAD(t) {
        int n = p.first + blockIdx.x * OBJECTS_AT_ONCE + t / LANES;
        if (n < p.last) extents[t] = extent_of(points, n * length + t % LANES, (n + 1) * length);
    }
    SYNC();
    EACH_THREAD(t) {
        int n = p.first + blockIdx.x * OBJECTS_AT_ONCE + t / LANES;
        if (n >= p.last || t % LANES) continue;
        Extent trace = extents[t];
        for (int k = 1; k < LANES; ++k) trace = joined(trace, extents[t + k]);
        Object& o = objects[n];
        o.trace = trace.first;
        o.trace_end = (n + 1) * length;
        o.trace_middle = n * length + (trace.first - n * length + length - 1) / 2;
        spell(o);
        reaches[n] = reaches_of(p, o, trace);
    }
}

KERNEL prepare_shapes(const Shape* shapes, Reach* reaches, int count) {
    EACH_THREAD(t) {
        int n = blockIdx.x * THREADS + t;
        if (n < count) reaches[n] = reach_of(shapes[n].left, shapes[n].top, shapes[n].right, shapes[n].bottom);
    }
}
