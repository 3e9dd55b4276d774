// Lines as OpenCV draws them without smoothing (cv2.polylines, LINE_8): what the GPU draws is what the CPU draws.
// Coordinates are of pixels, (0, 0) the first one's centre. A line of one pixel runs between the pixels nearest to its
// ends. A wider one is a filled rectangle, its four edges, and a disc around each end; for those OpenCV computes in
// 65536ths of a pixel. Both are cut to the picture first, which moves their rounding.
//
// LANES threads draw a line together, each some of its steps and rows. Lines of one tile may be drawn in any order, all
// at once: a pixel keeps the highest key that is drawn there, which says what lies uppermost.
#pragma once

constexpr int TILE_WIDTH = 64, TILE_HEIGHT = 16;
constexpr int LANES = 8, LINES_AT_ONCE = THREADS / LANES;
constexpr float FINEST = 65536.0f;

struct alignas(8) Point { float x, y; };

struct Tile {
    int left, top;      // in the picture
    int width, height;  // of the picture
    int* keys;          // [TILE_HEIGHT, TILE_WIDTH]; 0: nothing
};

DEVICE float nearest(float value) { return floorf(value + 0.5f); }
DEVICE Point nearest(Point p) { return {nearest(p.x), nearest(p.y)}; }
DEVICE Point turned(Point p) { return {p.y, p.x}; }
DEVICE void swap(Point& a, Point& b) { Point before = a; a = b; b = before; }

DEVICE void plot(Tile& tile, int x, int y, int key) {
    int column = x - tile.left, row = y - tile.top;
    if (column >= 0 && column < TILE_WIDTH && row >= 0 && row < TILE_HEIGHT)
        atomicMax(&tile.keys[row * TILE_WIDTH + column], key);
}

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

// Walks from a to b, a pixel in x (in y where `steep`) at a time: every `stride`-th step from the `first` on.
DEVICE void walk(Tile& tile, Point a, Point b, bool steep, int key, int first, int stride) {
    if (steep) a = turned(a), b = turned(b);
    int x = (int)nearest(a.x), y = (int)nearest(a.y), direction = b.x < a.x ? -1 : 1;
    float length = fabsf(b.x - a.x), start = a.y + 0.5f - nearest(a.y);
    // The slope is cut to 65536ths, never reaching its true value: halves are rounded towards the start.
    float slope = length > 0.0f ? fmaxf(ceilf(fabsf(b.y - a.y) / length * FINEST) - 1.0f, 0.0f) / FINEST : 0.0f;
    if (b.y < a.y) slope = -slope;
    int low = steep ? tile.top : tile.left, high = low + (steep ? TILE_HEIGHT : TILE_WIDTH) - 1;
    int enters = direction > 0 ? low - x : x - high, leaves = direction > 0 ? high - x : x - low;
    int steps = (int)length < leaves ? (int)length : leaves;
    for (int step = (enters > 0 ? enters : 0) + first; step <= steps; step += stride) {
        int along = x + direction * step, across = y + (int)floorf(start + step * slope);
        plot(tile, steep ? across : along, steep ? along : across, key);
    }
    Point end = nearest(steep ? turned(b) : b);
    if (first == 0) plot(tile, (int)end.x, (int)end.y, key);
}

// A line of one pixel.
DEVICE void draw_thin(Tile& tile, Point a, Point b, int key, int lane) {
    a = nearest(a), b = nearest(b);
    if (!cut(a, b, tile.width - 1.0f, tile.height - 1.0f, 1.0f)) return;
    if (b.x < a.x) swap(a, b);
    walk(tile, a, b, fabsf(b.x - a.x) < fabsf(b.y - a.y), key, lane, LANES);
}

// An edge of a filled shape.
DEVICE void draw_edge(Tile& tile, Point a, Point b, int key, int first, int stride) {
    if (!cut(a, b, tile.width - 1.0f / FINEST, tile.height - 1.0f / FINEST, FINEST)) return;
    bool steep = fabsf(b.x - a.x) <= fabsf(b.y - a.y);
    if (steep ? b.y < a.y : b.x < a.x) swap(a, b);
    walk(tile, a, b, steep, key, first, stride);
}

// One of four, without an index into what is kept in registers.
DEVICE Point corner(const Point* corners, int which) {
    return which & 2 ? (which & 1 ? corners[3] : corners[2]) : (which & 1 ? corners[1] : corners[0]);
}

// The inside of four corners: in each row from side to side, the sides beginning in the row nearest to their upper corner.
DEVICE void fill_corners(Tile& tile, const Point* corners, int key, int lane) {
    float highest = nearest(fminf(fminf(corners[0].y, corners[1].y), fminf(corners[2].y, corners[3].y)));
    float lowest = nearest(fmaxf(fmaxf(corners[0].y, corners[1].y), fmaxf(corners[2].y, corners[3].y)));
    int end = (int)fminf(lowest, tile.top + TILE_HEIGHT - 1.0f);
    for (int row = (int)fmaxf(highest, (float)tile.top) + lane; row <= end; row += LANES) {
        float left = 1e30f, right = -1e30f;
        UNROLL for (int k = 0; k < 4; ++k) {
            Point upper = corners[k], lower = corners[(k + 1) % 4];
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
        for (int x = from; x <= to; ++x) plot(tile, x, row, key);
    }
}

DEVICE void fill_disc(Tile& tile, Point centre, int radius, int key, int first, int stride) {
    int x = (int)nearest(centre.x), y = (int)nearest(centre.y);
    for (int down = first - radius; down <= radius; down += stride)
        for (int across = -radius; across <= radius; ++across)
            if (across * across + down * down <= radius * radius) plot(tile, x + across, y + down, key);
}

// This lane's part of a line from a to b, `thickness` wide as OpenCV calls it.
DEVICE void draw_line(Tile& tile, Point a, Point b, int thickness, int key, int lane) {
    if (thickness <= 1) {
        draw_thin(tile, a, b, key, lane);
        return;
    }
    int half = (thickness + 1) / 2;
    fill_disc(tile, lane % 2 ? a : b, half, key, lane / 2, LANES / 2);
    float dx = a.x - b.x, dy = b.y - a.y, length = sqrtf(dx * dx + dy * dy);
    if (length == 0.0f) return;
    Point side = {rounded(dy * half / length * FINEST) / FINEST, rounded(dx * half / length * FINEST) / FINEST};
    Point corners[4] = {{a.x + side.x, a.y + side.y}, {a.x - side.x, a.y - side.y},
                        {b.x - side.x, b.y - side.y}, {b.x + side.x, b.y + side.y}};
    fill_corners(tile, corners, key, lane);
    draw_edge(tile, corner(corners, lane % 4), corner(corners, (lane + 1) % 4), key, lane / 4, LANES / 4);
}
