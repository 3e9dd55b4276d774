// Decoded surfaces to pictures for the JPEG encoder: scaled, turned into JPEG's YCbCr and drawn on, for a whole batch
// in one launch.
//
// A block makes a tile of 64x16 pixels of one picture, a thread the 2x2 pixels that share a chroma sample. First the
// block finds which objects touch its tile (a bit each), then looks at those alone. Boxes, labels, areas, plates and
// masks are asked for by every thread for its pixels; lines are drawn by a few threads each into a table of keys in
// shared memory, from which every thread takes the colours of its pixels. The layers are the CPU renderer's: shapes of
// rules and masks below traces below boxes below other shapes below labels, and in a layer the later object above the
// earlier.
#include "common.cuh"
#include "lines.cuh"
#include "scene.cuh"
#include "scaling.cuh"
#include "labels.cuh"
#include "objects.cuh"

constexpr int QUADS_A_ROW = TILE_WIDTH / 2;
constexpr int AT_ONCE = 1024, WORDS = AT_ONCE / 32;

// Where a thread's quad is in its tile.
DEVICE int column_of(int t) { return t % QUADS_A_ROW * 2; }
DEVICE int row_of(int t) { return t / QUADS_A_ROW * 2; }

DEVICE bool touches(Reach r, const Tile& tile) {
    return (r.right >= tile.left) & (r.left < tile.left + TILE_WIDTH) & (r.bottom >= tile.top) & (r.top < tile.top + TILE_HEIGHT);
}

// A bit for each layer in which an object touches the tile.
DEVICE unsigned touched_layers(const Picture& p, const Reaches& reaches, const Tile& tile) {
    Reach box = reaches.of[BOXES];
    int edge = 2 * p.line + 1;  // from where the reach ends to where the inside begins
    bool around = (tile.left - box.left > edge) & (tile.top - box.top > edge) &
                  (box.right - (tile.left + TILE_WIDTH - 1) > edge) & (box.bottom - (tile.top + TILE_HEIGHT - 1) > edge);
    unsigned bits = touches(reaches.of[TRACES], tile) << TRACES | touches(reaches.of[LABELS], tile) << LABELS;
    if (!around) bits |= touches(box, tile) << BOXES;
    return bits & p.layers;
}

// The first set bit from `n` on, or `count`.
DEVICE int next(const unsigned* hits, int n, int count) {
    for (; n < count; n = (n / 32 + 1) * 32)
        if (unsigned bits = hits[n / 32] >> n % 32) return n + __ffs(bits) - 1;
    return count;
}

// Traces, from the lowest part up; in a part those of a higher rank above, and then those of a later object.
enum TracePart { SHADOW = 1, OLDER, NEWER };
constexpr int OBJECTS = 1 << 24;
DEVICE int trace_key(int part, int rank, int object) { return (part * RANKS + rank) * OBJECTS + object; }
DEVICE bool is_shadow(int key) { return key / OBJECTS / RANKS == SHADOW; }

// Lines go from eighth to eighth of a pixel (cpu/lines.py).
DEVICE float drawn(float value) { return rounded(clamped(value - 0.5f, -1e5f, 1e5f) * 8.0f) * 0.125f; }
DEVICE Point drawn(Point p) { return {drawn(p.x), drawn(p.y)}; }

// One lane's part of the segments number `first` and every LINES_AT_ONCE-th behind it.
DEVICE void draw_trace(const Picture& p, const Object& o, int object, const Point* points, Tile& tile, int first, int lane) {
    float shift = p.line, room = p.line / 2 + 3.0f;  // half a line and what its edges' rounding adds
    for (int k = o.trace + first; k + 1 < o.trace_end; k += LINES_AT_ONCE) {
        Point a = drawn(points[k]), b = drawn(points[k + 1]);
        if (fmaxf(a.x, b.x) + shift + room < tile.left || fminf(a.x, b.x) - room > tile.left + TILE_WIDTH ||
            fmaxf(a.y, b.y) + shift + room < tile.top || fminf(a.y, b.y) - room > tile.top + TILE_HEIGHT) continue;
        bool newer = k >= o.trace_middle;
        int thickness = newer ? p.line + 1 : (p.line > 2 ? p.line - 1 : 1);
        draw_line(tile, {a.x + shift, a.y + shift}, {b.x + shift, b.y + shift}, 1, trace_key(SHADOW, o.rank, object), lane);
        draw_line(tile, a, b, thickness, trace_key(newer ? NEWER : OLDER, o.rank, object), lane);
    }
}

// Nested outlines, from one pixel outside the box inwards: dark, `line` times the colour, dark. In boxes too small for
// that an outline's sides change places, and the last one drawn lies on top. Returns the outline's number, or -2.
DEVICE int outline_at(const Object& o, int line, int x, int y) {
    int found = -2;
    for (int inset = -1; inset <= line; ++inset) {
        int left = o.left + inset, right = o.right - inset, top = o.top + inset, bottom = o.bottom - inset;
        int west = left < right ? left : right, east = left < right ? right : left;
        int north = top < bottom ? top : bottom, south = top < bottom ? bottom : top;
        if (x < west || x > east || y < north || y > south) continue;
        if (x == west || x == east || y == north || y == south) found = inset;
    }
    return found;
}

DEVICE void draw_box(const Picture& p, const Object& o, const float* dark, int x, int y, Quad& quad) {
    int edge = p.line + 1;  // a box of no pixels has its right side left of its left one
    if (x + 1 < o.left - edge || x > o.right + edge || y + 1 < o.top - edge || y > o.bottom + edge) return;
    if (x - o.left > p.line && o.right - x - 1 > p.line && y - o.top > p.line && o.bottom - y - 1 > p.line) return;
    bool small = o.right - o.left < 2 * p.line + 2 || o.bottom - o.top < 2 * p.line + 2;
    for (int pixel = 0; pixel < 4; ++pixel) {
        int px = x + (pixel & 1), py = y + (pixel >> 1);
        int across = px - o.left < o.right - px ? px - o.left : o.right - px;
        int down = py - o.top < o.bottom - py ? py - o.top : o.bottom - py;
        int depth = small ? outline_at(o, p.line, px, py) : (across < down ? across : down);
        if (depth < -1 || depth > p.line) continue;
        paint(quad, pixel, depth < 0 || depth == p.line ? dark : o.box_colour);
    }
}

// Even-odd, as OpenCV fills; the outline hides what is on the edge.
DEVICE bool inside_area(const Point* corners, int first, int last, float x, float y) {
    bool inside = false;
    for (int k = first, before = last - 1; k < last; before = k++) {
        Point a = corners[before], b = corners[k];
        if ((a.y > y) != (b.y > y) && x < a.x + (y - a.y) * (b.x - a.x) / (b.y - a.y)) inside = !inside;
    }
    return inside;
}

// Whether a pixel is part of a mask, which is stretched over its rectangle as OpenCV resizes.
DEVICE bool in_mask(const Shape& s, const uint8_t* pixels, int x, int y) {
    int width = (int)(s.right - s.left), height = (int)(s.bottom - s.top);
    int column = x - (int)s.left, row = y - (int)s.top;
    if (column < 0 || row < 0 || column >= width || row >= height) return false;
    return bilinear((uint64_t)(pixels + s.first), s.pitch, 0, between(column, width, s.pitch), between(row, height, s.pitch), 1, 0) >= 127.5f;
}

// An area, a plate or a mask.
DEVICE void draw_surface(const Shape& s, const Point* corners, const uint8_t* pixels, int x, int y, Quad& quad) {
    for (int pixel = 0; pixel < 4; ++pixel) {
        int px = x + (pixel & 1), py = y + (pixel >> 1);
        float cx = px + 0.5f, cy = py + 0.5f;
        if (cx < s.left || cx > s.right || cy < s.top || cy > s.bottom) continue;
        if (s.kind == PLATE)
            paint_pixel(quad, pixel, pixels + s.first + (long long)(py - (int)s.top) * s.pitch + (px - (int)s.left) * 3);
        else if (s.kind == AREA ? inside_area(corners, s.first, s.last, cx, cy) : in_mask(s, pixels, px, py))
            tint(quad, pixel, s.colour, s.part);
    }
}

// Sets a bit in each of `tables` for each of `count` things that touches the tile there: a bit each of `touched(n)`.
// Every thread of the block calls this.
template <class Touched> DEVICE void find(unsigned* hits, int tables, int count, Touched touched) {
    SYNC();  // until nobody reads the last ones
    EACH_THREAD(t) { for (int word = t; word < tables * WORDS; word += THREADS) hits[word] = 0; }
    SYNC();
    EACH_THREAD(t) {
        for (int n = t; n < count; n += THREADS)
            for (unsigned bits = touched(n); bits; bits &= bits - 1)
                atomicOr(&hits[(__ffs(bits) - 1) * WORDS + n / 32], 1u << n % 32);
    }
    SYNC();
}

// Gives each thread's pixels the colours of their keys and clears those. Every thread of the block calls this.
template <class Colour> DEVICE void paint_keys(const Tile& tile, Quad* quads, Colour colour) {
    SYNC();
    EACH_THREAD(t) {
        for (int pixel = 0; pixel < 4; ++pixel) {
            int& key = tile.keys[(row_of(t) + (pixel >> 1)) * TILE_WIDTH + column_of(t) + (pixel & 1)];
            if (!key) continue;
            paint(quads[OWN(t)], pixel, colour(key));
            key = 0;
        }
    }
    SYNC();
}

// Every thread of the block calls this.
DEVICE void draw_shapes(const Shape* shapes, const Reach* reaches, int begin, int end, const Point* corners,
                        const uint8_t* pixels, Tile& tile, unsigned* hits, Quad* quads) {
    for (int base = begin; base < end; base += AT_ONCE) {
        const Shape* own = shapes + base;
        int count = end - base < AT_ONCE ? end - base : AT_ONCE;
        find(hits, 1, count, [&](int n) { return touches(reaches[base + n], tile); });
        for (int n = next(hits, 0, count); n < count;) {
            int first = n;  // of as many strokes as lie upon each other with nothing between
            for (; n < count && own[n].kind == STROKE; n = next(hits, n + 1, count)) {}
            if (n == first) {
                EACH_THREAD(t) draw_surface(own[n], corners, pixels, tile.left + column_of(t), tile.top + row_of(t), quads[OWN(t)]);
                n = next(hits, n + 1, count);
                continue;
            }
            EACH_THREAD(t) {
                int turn = 0;
                for (int k = first; k < n; k = next(hits, k + 1, count), ++turn)
                    if (turn % LINES_AT_ONCE == t / LANES) draw_line(tile, own[k].a, own[k].b, own[k].thickness, k + 1, t % LANES);
            }
            paint_keys(tile, quads, [&](int key) { return own[key - 1].colour; });
        }
    }
}

DEVICE void draw_layer(const Picture& p, int layer, const Object* objects, int count, const Point* points, const uint8_t* pixels,
                       const float* dark, int base, Tile& tile, const unsigned* hits, Quad* quads) {
    EACH_THREAD(t) {
        int x = tile.left + column_of(t), y = tile.top + row_of(t);
        for (int n = next(hits, 0, count); n < count; n = next(hits, n + 1, count)) {
            const Object& o = objects[n];
            if (layer == TRACES) draw_trace(p, o, base + n, points, tile, t / LANES, t % LANES);
            else if (layer == BOXES) draw_box(p, o, dark, x, y, quads[OWN(t)]);
            else draw_label(p, o, dark, pixels, x, y, quads[OWN(t)]);
        }
    }
}

DEVICE uint8_t level(float value) { return (uint8_t)rounded(clamped(value, 0.0f, 255.0f)); }

DEVICE void write(const Picture& p, int x, int y, const Quad& quad) {
    for (int row = 0; row < 2; ++row) {
        uint16_t* pair = (uint16_t*)(p.y + (long long)(y + row) * p.y_pitch + x);
        *pair = level(quad.y[2 * row]) | level(quad.y[2 * row + 1]) << 8;
    }
    long long at = (long long)(y / 2) * p.c_pitch + x / 2;
    ((uint8_t*)p.u)[at] = level(0.25f * (quad.u[0] + quad.u[1] + quad.u[2] + quad.u[3]));
    ((uint8_t*)p.v)[at] = level(0.25f * (quad.v[0] + quad.v[1] + quad.v[2] + quad.v[3]));
}

CROWDED_KERNEL(4) draw(const Picture* pictures, const Object* objects, const Reaches* reaches, const Point* points,
                       const Shape* shapes, const Reach* shape_reaches, const Point* corners, const uint8_t* pixels,
                       const float* dark) {
    SHARED int keys[TILE_HEIGHT * TILE_WIDTH];
    SHARED unsigned shape_hits[WORDS], hits[LAYERS * WORDS];
    KEPT(Quad, quads);
    const Picture& p = pictures[blockIdx.z];
    Tile tile = {(int)blockIdx.x * TILE_WIDTH, (int)blockIdx.y * TILE_HEIGHT, p.width, p.height, keys};
    if (tile.left >= p.width || tile.top >= p.height) return;  // for the whole block
    EACH_THREAD(t) {
        int x = tile.left + column_of(t), y = tile.top + row_of(t);
        quads[OWN(t)] = p.surface.wide ? scaled<uint16_t>(p, x, y) : scaled<uint8_t>(p, x, y);
        for (int place = t; place < TILE_HEIGHT * TILE_WIDTH; place += THREADS) keys[place] = 0;
    }
    int found = -1;  // the first of the objects that `hits` is about
    for (int layer = TRACES; layer < LAYERS; ++layer) {
        if (layer != BOXES)
            draw_shapes(shapes, shape_reaches, layer == TRACES ? p.shapes : p.upper_shapes,
                        layer == TRACES ? p.upper_shapes : p.shapes_end, corners, pixels, tile, shape_hits, quads);
        if (!(p.layers >> layer & 1)) continue;
        bool touched = false;
        for (int base = p.first; base < p.last; base += AT_ONCE) {
            int count = p.last - base < AT_ONCE ? p.last - base : AT_ONCE;
            if (base != found) find(hits, LAYERS, count, [&](int n) { return touched_layers(p, reaches[base + n], tile); });
            found = base;
            const unsigned* own = hits + layer * WORDS;
            touched = touched || next(own, 0, count) < count;
            draw_layer(p, layer, objects + base, count, points, pixels, dark, base - p.first, tile, own, quads);
        }
        if (layer == TRACES && touched)
            paint_keys(tile, quads, [&](int key) { return is_shadow(key) ? dark : objects[p.first + key % OBJECTS].colour; });
    }
    EACH_THREAD(t) {
        int x = tile.left + column_of(t), y = tile.top + row_of(t);
        if (x < p.width && y < p.height) write(p, x, y, quads[OWN(t)]);
    }
}
