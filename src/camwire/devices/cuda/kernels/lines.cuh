// Lines as OpenCV draws them without smoothing (cv2.polylines, LINE_8), pixel by pixel: what the GPU draws is what the
// CPU draws. Coordinates are of pixels, (0, 0) the first one's centre. A line of one pixel runs between the pixels
// nearest to its ends. A wider one is a filled rectangle, its four edges, and a disc around each end; for those OpenCV
// computes in 65536ths of a pixel. Both are cut to the picture first, which moves their rounding.
#pragma once

struct Point { float x, y; };

constexpr float FINEST = 65536.0f;

DEVICE float nearest(float value) { return floorf(value + 0.5f); }
DEVICE Point nearest(Point p) { return {nearest(p.x), nearest(p.y)}; }
DEVICE Point turned(Point p) { return {p.y, p.x}; }

// Moves an end that lies beyond 0 or `most` in y along the line to there, in steps of one `unit`-th.
DEVICE void cut_end(float& ax, float& ay, float bx, float by, float most, float unit) {
    if (ay >= 0.0f && ay <= most) return;
    float edge = ay < 0.0f ? 0.0f : most;
    ax += truncf((edge - ay) * (bx - ax) / (by - ay) * unit) / unit;
    ay = edge;
}

// Cuts a line to what lies in the picture; false where nothing does.
DEVICE bool cut(Point& a, Point& b, float right, float bottom, float unit) {
    if (fmaxf(a.x, b.x) < 0.0f || fminf(a.x, b.x) > right || fmaxf(a.y, b.y) < 0.0f || fminf(a.y, b.y) > bottom) return false;
    cut_end(a.x, a.y, b.x, b.y, bottom, unit);
    cut_end(b.x, b.y, a.x, a.y, bottom, unit);
    if (fmaxf(a.x, b.x) < 0.0f || fminf(a.x, b.x) > right) return false;
    cut_end(a.y, a.x, b.y, b.x, right, unit);
    cut_end(b.y, b.x, a.y, a.x, right, unit);
    return true;
}

// Whether a walk from a to b, a pixel in x at a time, comes through pixel x, y.
DEVICE bool on_walk(Point a, Point b, float x, float y) {
    if (x == nearest(b.x) && y == nearest(b.y)) return true;
    float length = fabsf(b.x - a.x), steps = (x - nearest(a.x)) * (b.x < a.x ? -1.0f : 1.0f);
    if (steps < 0.0f || steps > floorf(length)) return false;
    // The slope is cut to 65536ths, never reaching its true value: halves are rounded towards the start.
    float slope = length > 0.0f ? fmaxf(ceilf(fabsf(b.y - a.y) / length * FINEST) - 1.0f, 0.0f) / FINEST : 0.0f;
    float row = nearest(a.y), part = a.y + 0.5f - row;
    return y - row == floorf(part + (b.y < a.y ? -steps : steps) * slope);
}

// A line of one pixel.
DEVICE bool on_thin(Point a, Point b, int width, int height, float x, float y) {
    a = nearest(a), b = nearest(b);
    if (!cut(a, b, width - 1.0f, height - 1.0f, 1.0f)) return false;
    if (b.x < a.x) { Point swapped = a; a = b; b = swapped; }
    return fabsf(b.x - a.x) < fabsf(b.y - a.y) ? on_walk(turned(a), turned(b), y, x) : on_walk(a, b, x, y);
}

// An edge of a filled shape.
DEVICE bool on_edge(Point a, Point b, int width, int height, float x, float y) {
    if (!cut(a, b, width - 1.0f / FINEST, height - 1.0f / FINEST, FINEST)) return false;
    bool steep = fabsf(b.x - a.x) <= fabsf(b.y - a.y);
    if (steep) {
        a = turned(a), b = turned(b);
        float swapped = x;
        x = y;
        y = swapped;
    }
    return b.x < a.x ? on_walk(b, a, x, y) : on_walk(a, b, x, y);
}

// Inside four corners: in each row from side to side, the sides beginning in the row nearest to their upper corner.
DEVICE bool in_corners(const Point* corners, float x, float y) {
    float lowest = corners[0].y, left = 1e30f, right = -1e30f;
    for (int k = 1; k < 4; ++k) lowest = fmaxf(lowest, corners[k].y);
    for (int k = 0; k < 4; ++k) {
        Point upper = corners[k], lower = corners[(k + 1) % 4];
        if (upper.y > lower.y) { Point swapped = upper; upper = lower; lower = swapped; }
        float top = nearest(upper.y), bottom = nearest(lower.y);
        bool last = y == bottom && bottom == nearest(lowest);
        if (top == bottom || y < top || (y >= bottom && !last)) continue;
        float side = upper.x + (lower.x - upper.x) / (bottom - top) * (y - top);
        left = fminf(left, side);
        right = fmaxf(right, side);
    }
    return x >= nearest(left) && x <= nearest(right);
}

DEVICE bool in_disc(Point centre, float radius, float x, float y) {
    float dx = x - nearest(centre.x), dy = y - nearest(centre.y);
    return dx * dx + dy * dy <= radius * radius;
}

// Whether a line from a to b, `thickness` wide as OpenCV calls it, covers pixel x, y of a picture.
DEVICE bool on_line(Point a, Point b, int thickness, int width, int height, float x, float y) {
    float half = (thickness + 1) / 2, room = half + 1.5f;
    if (x < fminf(a.x, b.x) - room || x > fmaxf(a.x, b.x) + room || y < fminf(a.y, b.y) - room || y > fmaxf(a.y, b.y) + room)
        return false;
    float dx = a.x - b.x, dy = b.y - a.y, length = sqrtf(dx * dx + dy * dy);
    if (fabsf((x - a.x) * dy + (y - a.y) * dx) > room * length) return false;
    if (thickness <= 1) return on_thin(a, b, width, height, x, y);
    if (in_disc(a, half, x, y) || in_disc(b, half, x, y)) return true;
    if (length == 0.0f) return false;
    Point side = {rounded(dy * half / length * FINEST) / FINEST, rounded(dx * half / length * FINEST) / FINEST};
    Point corners[4] = {{a.x + side.x, a.y + side.y}, {a.x - side.x, a.y - side.y},
                        {b.x - side.x, b.y - side.y}, {b.x + side.x, b.y + side.y}};
    if (in_corners(corners, x, y)) return true;
    for (int k = 0; k < 4; ++k)
        if (on_edge(corners[k], corners[(k + 1) % 4], width, height, x, y)) return true;
    return false;
}
