// Lines as OpenCV draws them without smoothing (cv2.polylines, LINE_8): what the GPU draws is what the CPU draws.
// Coordinates are of pixels, (0, 0) the first one's centre. A line of one pixel runs between the pixels nearest to its
// ends. A wider one is a filled rectangle, its four edges, and a disc around each end; for those OpenCV computes in
// 65536ths of a pixel. Both are cut to the picture first, which moves their rounding.
//
// What touches a tile is collected first; then LANES threads draw a line together, each some of its steps and rows. Lines
// of one tile may be drawn in any order, all at once: a pixel keeps the highest key that is drawn there, which says what
// lies uppermost.
#pragma once

constexpr int LANES = 8, LINES_AT_ONCE = THREADS / LANES;
constexpr int MOST_LINES = 128;
constexpr float FINEST = 65536.0f;

// How far from the line between its ends anything of a line may be drawn: half its width, and what rounding adds.
DEVICE float room_of(int thickness) { return (thickness + 1) / 2 + 2.0f; }

// `thickness` as OpenCV calls it. Thin lines go over each other, so each has a key: what is drawn there (tile.cuh).
struct Line {
    Point a, b;
    int thickness, key;
};

// Those that wait for being drawn on the block's tile.
SHARED Line lines[MOST_LINES];
SHARED int line_count;

// Adds lines; false where there is no room: then they are to come again after `draw_lines`. Until that, all threads add one
// at a time or all two: so no place is left empty.
static_assert(MOST_LINES % 2 == 0, "two have room, or none");
DEVICE bool add_lines(const Line* own, int count) {
    int place = atomicAdd(&line_count, count);
    if (place + count > MOST_LINES) return false;
    for (int k = 0; k < count; ++k) lines[place + k] = own[k];
    return true;
}

DEVICE float nearest(float value) { return floorf(value + 0.5f); }
DEVICE Point nearest(Point p) { return {nearest(p.x), nearest(p.y)}; }
DEVICE Point turned(Point p) { return {p.y, p.x}; }
DEVICE void swap(Point& a, Point& b) { Point before = a; a = b; b = before; }

DEVICE void plot(const Tile& tile, int x, int y, int key) {
    int column = x - tile.left, row = y - tile.top;
    if (column >= 0 && column < TILE_WIDTH && row >= 0 && row < TILE_HEIGHT) atomicMax(&key_at(column, row), key);
}

// Moves an end that lies beyond 0 or `most` in y along the line to there, in steps of one `unit`-th.
DEVICE void cut_end(float& ax, float& ay, float bx, float by, float most, float unit) {
    if (ay >= 0.0f && ay <= most) return;
    float edge = ay < 0.0f ? 0.0f : most;
    ax += truncf((edge - ay) * (bx - ax) / (by - ay) * unit) / unit;
    ay = edge;
}

// Cuts a line to what lies in the picture; false where nothing does. First what is above and below, then the sides.
DEVICE bool cut(Point& a, Point& b, float right, float bottom, float unit) {
    if (fmaxf(a.x, b.x) < 0.0f || fminf(a.x, b.x) > right || fmaxf(a.y, b.y) < 0.0f || fminf(a.y, b.y) > bottom) return false;
    ROLLED for (int axis = 0; axis < 2; ++axis) {
        cut_end(a.x, a.y, b.x, b.y, axis ? right : bottom, unit);
        cut_end(b.x, b.y, a.x, a.y, axis ? right : bottom, unit);
        if (axis == 0 && (fmaxf(a.x, b.x) < 0.0f || fminf(a.x, b.x) > right)) return false;
        a = turned(a), b = turned(b);
    }
    return true;
}

// Walks from a to b, a pixel in x (in y where `steep`) at a time: every `stride`-th step from the `first` on.
DEVICE void walk(const Tile& tile, Point a, Point b, bool steep, int key, int first, int stride) {
    if (steep) a = turned(a), b = turned(b);
    int x = (int)nearest(a.x), y = (int)nearest(a.y), direction = b.x < a.x ? -1 : 1;
    float length = fabsf(b.x - a.x), start = a.y + 0.5f - nearest(a.y);
    // The slope is cut to 65536ths, never reaching its true value: halves are rounded towards the start.
    float slope = length > 0.0f ? fmaxf(ceilf(fabsf(b.y - a.y) / length * FINEST) - 1.0f, 0.0f) / FINEST : 0.0f;
    if (b.y < a.y) slope = -slope;
    int low = steep ? tile.top : tile.left, high = low + (steep ? TILE_HEIGHT : TILE_WIDTH) - 1;
    int enters = direction > 0 ? low - x : x - high, leaves = direction > 0 ? high - x : x - low;
    int steps = (int)length < leaves ? (int)length : leaves;
    ROLLED for (int step = (enters > 0 ? enters : 0) + first; step <= steps; step += stride) {
        int along = x + direction * step, across = y + (int)floorf(start + step * slope);
        plot(tile, steep ? across : along, steep ? along : across, key);
    }
    Point end = nearest(steep ? turned(b) : b);
    if (first == 0) plot(tile, (int)end.x, (int)end.y, key);
}

// A line of one pixel, where places are whole ones (`unit` 1), or an edge of a filled shape (FINEST).
DEVICE void draw_edge(const Tile& tile, Point a, Point b, float unit, int key, int first, int stride) {
    if (!cut(a, b, tile.width - 1.0f / unit, tile.height - 1.0f / unit, unit)) return;
    float across = fabsf(b.x - a.x), down = fabsf(b.y - a.y);
    bool thin = unit == 1.0f, steep = thin ? across < down : across <= down;
    if (steep && !thin ? b.y < a.y : b.x < a.x) swap(a, b);
    walk(tile, a, b, steep, key, first, stride);
}

// A wide line without its ends: `side` leads from its middle to a corner.
struct Bar { Point a, b, side; };

// One of its four corners, one beside the other, without an index into what is kept in registers.
DEVICE Point corner(const Bar& bar, unsigned which) {
    Point end = which & 2 ? bar.b : bar.a;
    float sign = which == 0 || which == 3 ? 1.0f : -1.0f;
    return {end.x + sign * bar.side.x, end.y + sign * bar.side.y};
}

// In each row from side to side, the sides beginning in the row nearest to their upper corner.
DEVICE void fill_bar(const Tile& tile, const Bar& bar, int key, int lane) {
    float far = fabsf(bar.side.y);
    float highest = nearest(fminf(bar.a.y, bar.b.y) - far), lowest = nearest(fmaxf(bar.a.y, bar.b.y) + far);
    int end = (int)fminf(lowest, tile.top + TILE_HEIGHT - 1.0f);
    ROLLED for (int row = (int)fmaxf(highest, (float)tile.top) + lane; row <= end; row += LANES) {
        float left = 1e30f, right = -1e30f;
        ROLLED for (int k = 0; k < 4; ++k) {
            Point upper = corner(bar, k), lower = corner(bar, (k + 1) % 4);
            if (upper.y > lower.y) swap(upper, lower);
            float top = nearest(upper.y), bottom = nearest(lower.y);
            bool last = row == bottom && bottom == lowest;
            if (top == bottom || row < top || (row >= bottom && !last)) continue;
            float side = upper.x + (lower.x - upper.x) / (bottom - top) * (row - top);
            left = fminf(left, side);
            right = fmaxf(right, side);
        }
        int from = (int)clamped(nearest(left), (float)tile.left, tile.left + (float)TILE_WIDTH);
        int to = (int)clamped(nearest(right), tile.left - 1.0f, tile.left + TILE_WIDTH - 1.0f);
        ROLLED for (int x = from; x <= to; ++x) plot(tile, x, row, key);
    }
}

DEVICE void fill_disc(const Tile& tile, Point centre, int radius, int key, int first, int stride) {
    int x = (int)nearest(centre.x), y = (int)nearest(centre.y);
    ROLLED for (int down = first - radius; down <= radius; down += stride)
        ROLLED for (int across = -radius; across <= radius; ++across)
            if (across * across + down * down <= radius * radius) plot(tile, x + across, y + down, key);
}

// This lane's part of a line.
DEVICE void draw_line(const Tile& tile, const Line& line, unsigned lane) {
    Point a = line.a, b = line.b;
    int key = line.key, first = lane, stride = LANES;
    if (line.thickness > 1) {
        int half = (line.thickness + 1) / 2;
        fill_disc(tile, lane % 2 ? a : b, half, key, lane / 2, LANES / 2);
        float dx = a.x - b.x, dy = b.y - a.y, length = sqrtf(dx * dx + dy * dy);
        if (length == 0.0f) return;
        Bar bar = {a, b, {rounded(dy * half / length * FINEST) / FINEST, rounded(dx * half / length * FINEST) / FINEST}};
        fill_bar(tile, bar, key, lane);
        a = corner(bar, lane % 4), b = corner(bar, (lane + 1) % 4);
        first = lane / 4, stride = LANES / 4;
    } else
        a = nearest(a), b = nearest(b);
    draw_edge(tile, a, b, line.thickness > 1 ? FINEST : 1.0f, key, first, stride);
}

// Draws the lines that were added; true where some found no room. Every thread of the block calls this.
DEVICE bool draw_lines(const Tile& tile) {
    SYNC();
    bool more = line_count > MOST_LINES;
    int count = more ? MOST_LINES : line_count;
    EACH_THREAD(t) {
        unsigned thread = t;  // divided in one instruction
        ROLLED for (int n = thread / LANES; n < count; n += LINES_AT_ONCE) draw_line(tile, lines[n], thread % LANES);
    }
    SYNC();  // until everybody knows how many there were
    EACH_THREAD(t) if (t == 0) line_count = 0;
    SYNC();
    return more;
}
