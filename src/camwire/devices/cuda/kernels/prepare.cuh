// Before anything is drawn: which tiles objects and shapes touch, where traces begin, which letters labels have.
#pragma once

constexpr int THINGS_AT_ONCE = THREADS / LANES;

// The outlines' outermost pixels are one outside the box; a tile inside the innermost is left alone.
DEVICE void mark_box(const Picture& p, const Bit& bit, const Object& o, int lane) {
    float edge = p.line + 1.0f;
    mark_rectangle(p, bit, {o.left - edge, o.top - edge, o.right + edge, o.bottom + edge},
                   {o.left + edge, o.top + edge, o.right - edge, o.bottom - edge}, lane);
}

DEVICE void mark_label(const Picture& p, const Bit& bit, const Object& o, int lane) {
    float right = o.label_right - 1.0f, bottom = o.label_top + p.text_height - 1.0f;
    mark_rectangle(p, bit, {(float)o.label_left, (float)o.label_top, right, bottom}, lane);
}

DEVICE void mark_object(const Picture& p, const Object& o, int n, const Point* points, int trace, int trace_end, int lane) {
    if (p.layers >> TRACES & 1) mark_trace(p, bit_of_object(p, TRACES, n), points, trace, trace_end, lane);
    if (p.layers >> BOXES & 1) mark_box(p, bit_of_object(p, BOXES, n), o, lane);
    if (p.layers >> LABELS & 1) mark_label(p, bit_of_object(p, LABELS, n), o, lane);
}

// Points [objects, length]; LANES threads an object, a row of blocks a picture.
KERNEL prepare_objects(const Picture* pictures, const Object* objects, Prepared* prepared, const Point* points, int length) {
    SHARED int firsts[THREADS];
    const Picture& p = pictures[blockIdx.y];
    EACH_THREAD(t) {
        int n = p.first + blockIdx.x * THINGS_AT_ONCE + t / LANES;
        if (n < p.last) firsts[t] = first_point(points, n * length + t % LANES, (n + 1) * length);
    }
    SYNC();
    EACH_THREAD(t) {
        int lane = t % LANES, n = p.first + blockIdx.x * THINGS_AT_ONCE + t / LANES;
        if (n >= p.last) continue;
        int begin = n * length, end = begin + length, trace = end;
        for (int k = t - lane; k < t - lane + LANES; ++k) trace = firsts[k] < trace ? firsts[k] : trace;
        mark_object(p, objects[n], n - p.first, points, trace, end, lane);
        if (lane) continue;
        Prepared& own = prepared[n];
        own.trace = trace, own.trace_end = end;
        own.trace_middle = begin + (trace - begin + length - 1) / 2;
        spell(p, objects[n], own);
    }
}

// LANES threads a shape, a row of blocks a picture.
KERNEL prepare_shapes(const Picture* pictures, const Shape* shapes) {
    const Picture& p = pictures[blockIdx.y];
    EACH_THREAD(t) {
        int n = p.shapes + blockIdx.x * THINGS_AT_ONCE + t / LANES;
        if (n >= p.shapes_end) continue;
        const Shape& s = shapes[n];
        Bit bit = bit_of_shape(p, s.kind == STROKE, n - p.shapes);
        float room = room_of(s.thickness);
        if (s.kind == STROKE) mark_line(p, bit, s.a, s.b, room, room, t % LANES, LANES);
        else mark_rectangle(p, bit, {s.left, s.top, s.right, s.bottom}, t % LANES);
    }
}
