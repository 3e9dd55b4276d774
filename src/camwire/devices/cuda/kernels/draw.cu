// Decoded surfaces to pictures for the JPEG encoder: scaled, turned into JPEG's YCbCr and drawn on, for a whole batch
// in one launch.
//
// A block makes a tile of 64x16 pixels of one picture, a thread the 2x2 pixels that share a chroma sample. Which objects
// and shapes touch the tile its marks say, which small kernels set before. Boxes, labels, areas, plates and masks are
// asked for by every thread for its pixels; lines are drawn by a few threads each into a table of keys in shared memory,
// from which every thread takes the colours of its pixels. The layers are the CPU renderer's: shapes of rules and masks
// below traces below boxes below other shapes below labels, and in a layer the later object above the earlier.
//
// As many blocks as possible are to run at once, to have something to do while others wait for memory, and what they
// execute is to stay in the caches for instructions: so pixels aren't kept in registers, and loops are seldom unrolled.
#include "common.cuh"
#include "scene.cuh"
#include "tile.cuh"
#include "lines.cuh"
#include "marks.cuh"
#include "scaling.cuh"
#include "labels.cuh"
#include "traces.cuh"
#include "prepare.cuh"

// Nested outlines, from one pixel outside the box inwards: dark, `line` times the colour, dark. In boxes too small for
// that an outline's sides change places, and the last one drawn lies on top. Returns the outline's number, or -2.
DEVICE int outline_at(const Object& o, int line, int x, int y) {
    int found = -2;
    ROLLED for (int inset = -1; inset <= line; ++inset) {
        int left = o.left + inset, right = o.right - inset, top = o.top + inset, bottom = o.bottom - inset;
        int west = left < right ? left : right, east = left < right ? right : left;
        int north = top < bottom ? top : bottom, south = top < bottom ? bottom : top;
        if (x < west || x > east || y < north || y > south) continue;
        if (x == west || x == east || y == north || y == south) found = inset;
    }
    return found;
}

// On the quad of thread `t`, whose upper left pixel is (x, y).
DEVICE void draw_box(const Picture& p, const Object& o, const float* dark, int t, int x, int y) {
    int edge = p.line + 1;  // a box of no pixels has its right side left of its left one
    if (x + 1 < o.left - edge || x > o.right + edge || y + 1 < o.top - edge || y > o.bottom + edge) return;
    if (x - o.left > p.line && o.right - x - 1 > p.line && y - o.top > p.line && o.bottom - y - 1 > p.line) return;
    bool small = o.right - o.left < 2 * p.line + 2 || o.bottom - o.top < 2 * p.line + 2;
    ROLLED for (int pixel = 0; pixel < PIXELS_A_QUAD; ++pixel) {
        int px = x + (pixel & 1), py = y + (pixel >> 1);
        int across = px - o.left < o.right - px ? px - o.left : o.right - px;
        int down = py - o.top < o.bottom - py ? py - o.top : o.bottom - py;
        int depth = small ? outline_at(o, p.line, px, py) : (across < down ? across : down);
        if (depth < -1 || depth > p.line) continue;
        paint(t, pixel, depth < 0 || depth == p.line ? dark : o.box_colour);
    }
}

// Which of two pixels side by side, from x on, have an odd number of edges to their right, a bit each: even-odd, as
// OpenCV fills; the outline hides what is on the edge. Where an edge crosses a row is worked out for both.
DEVICE unsigned inside_area(const Point* corners, int first, int last, float x, float y) {
    unsigned inside = 0;
    ROLLED for (int k = first, before = last - 1; k < last; before = k++) {
        Point a = corners[before], b = corners[k];
        if ((a.y > y) == (b.y > y)) continue;
        float crossing = a.x + (y - a.y) * (b.x - a.x) / (b.y - a.y);
        inside ^= (x < crossing) | (x + 1.0f < crossing) << 1;
    }
    return inside;
}

// On the quad of thread `t`, whose upper left pixel is (x, y).
DEVICE void draw_area(const Shape& s, const Point* corners, int t, int x, int y) {
    ROLLED for (int row = 0; row < 2; ++row) {
        float cx = x + 0.5f, cy = y + row + 0.5f;
        if (cy < s.top || cy > s.bottom || cx + 1.0f < s.left || cx > s.right) continue;
        unsigned inside = inside_area(corners, s.first, s.last, cx, cy);
        if (inside & 1) tint(t, 2 * row, s.colour, s.part);
        if (inside & 2) tint(t, 2 * row + 1, s.colour, s.part);
    }
}

// Whether a pixel is part of a mask, which is stretched over its rectangle as OpenCV resizes.
DEVICE bool in_mask(const Shape& s, const uint8_t* pixels, int x, int y) {
    int width = (int)(s.right - s.left), height = (int)(s.bottom - s.top);
    int column = x - (int)s.left, row = y - (int)s.top;
    if (column < 0 || row < 0 || column >= width || row >= height) return false;
    return bilinear((uint64_t)(pixels + s.first), s.pitch, 0, between(column, width, s.pitch), between(row, height, s.pitch), 1, 0) >= 127.5f;
}

// An area, a plate or a mask, on the quad of thread `t`, whose upper left pixel is (x, y).
DEVICE void draw_surface(const Shape& s, const Point* corners, const uint8_t* pixels, int t, int x, int y) {
    if (s.kind == AREA) {
        draw_area(s, corners, t, x, y);
        return;
    }
    ROLLED for (int pixel = 0; pixel < PIXELS_A_QUAD; ++pixel) {
        int px = x + (pixel & 1), py = y + (pixel >> 1);
        float cx = px + 0.5f, cy = py + 0.5f;
        if (cx < s.left || cx > s.right || cy < s.top || cy > s.bottom) continue;
        if (s.kind == PLATE)
            paint_pixel(t, pixel, pixels + s.first + (long long)(py - (int)s.top) * s.pitch + (px - (int)s.left) * 3);
        else if (in_mask(s, pixels, px, py)) tint(t, pixel, s.colour, s.part);
    }
}

// What is drawn, of all pictures, and in what colour things have their edges.
struct Scene {
    const Object* objects;
    const Prepared* prepared;
    const Point* points;
    const Shape* shapes;
    const Point* corners;
    const uint8_t* pixels;
    const float* dark;
};

// When all lines are drawn: gives each thread's pixels the colours of their keys and clears those. Every thread of the
// block calls this.
template <class Colour> DEVICE void paint_keys(Colour colour) {
    EACH_THREAD(t) {
        ROLLED for (int pixel = 0; pixel < PIXELS_A_QUAD; ++pixel) {
            int& key = key_at(column_of(t) + (pixel & 1), row_of(t) + (pixel >> 1));
            if (!key) continue;
            paint(t, pixel, colour(key));
            key = 0;
        }
    }
    SYNC();
}

// Of the shapes from `begin` to `end` those strokes that touch the tile; they lie upon each other with nothing between.
// Every thread of the block calls this.
DEVICE void draw_strokes(const Picture& p, const Shape* own, const Tile& tile, const unsigned* marks, int begin, int end) {
    int shift = p.shape_shift, first = next(marks, shift, begin, end);
    if (first == end) return;  // for the whole block
    ROLLED for (int base = first; base < end; base = next(marks, shift, base + MOST_LINES, end)) {
        EACH_THREAD(t) {
            int n = base + t;
            if (t >= MOST_LINES || n >= end || !is_marked(marks, shift, n) || own[n].kind != STROKE) continue;
            Line line = {own[n].a, own[n].b, own[n].thickness, n + 1};
            add_lines(&line, 1);
        }
        draw_lines(tile);
    }
    paint_keys([&](int key) { return own[key - 1].colour; });
}

// The picture's shapes from `begin` to `end`, counted from its first. Every thread of the block calls this.
DEVICE void draw_shapes(const Picture& p, const Scene& scene, const Tile& tile, const unsigned* marks, int begin, int end) {
    const Shape* own = scene.shapes + p.shapes;
    ROLLED for (int n = begin; n < end; ++n) {
        int first = n;
        n = next(marks + surfaces_at(p), p.shape_shift, first, end);
        // Where a bit is for several shapes, what is found here may be a stroke, too.
        draw_strokes(p, own, tile, marks + strokes_at(p), first, n < end ? n + 1 : end);
        if (n == end || own[n].kind == STROKE) continue;
        EACH_THREAD(t) draw_surface(own[n], scene.corners, scene.pixels, t, tile.left + column_of(t), tile.top + row_of(t));
    }
}

// Every thread of the block calls this.
DEVICE void draw_traces(const Picture& p, const Scene& scene, const Tile& tile, const unsigned* marks) {
    KEPT(TraceCursor, cursors);
    const Object* objects = scene.objects + p.first;
    EACH_THREAD(t) cursors[OWN(t)] = first_segment(t);
    bool more = true;
    ROLLED while (more) {
        EACH_THREAD(t) add_traces(p, tile, marks, objects, scene.prepared + p.first, scene.points, t, cursors[OWN(t)]);
        more = draw_lines(tile);
    }
    paint_keys([&](int key) { return is_shadow(key) ? scene.dark : objects[key % OBJECTS].colour; });
}

// Every thread of the block calls this.
DEVICE void draw_objects(const Picture& p, const Scene& scene, const Tile& tile, const unsigned* marks, int layer) {
    int count = p.last - p.first, shift = p.object_shift, first = next(marks, shift, 0, count);
    if (first == count) return;  // for the whole block
    if (layer == TRACES) {
        draw_traces(p, scene, tile, marks);
        return;
    }
    const Object* objects = scene.objects + p.first;
    const Prepared* prepared = scene.prepared + p.first;
    EACH_THREAD(t) {
        int x = tile.left + column_of(t), y = tile.top + row_of(t);
        ROLLED for (int n = first; n < count; n = next(marks, shift, n + 1, count)) {
            if (layer == BOXES) draw_box(p, objects[n], scene.dark, t, x, y);
            else draw_label(p, objects[n], prepared[n], scene.dark, scene.pixels, t, x, y);
        }
    }
}

// From the lowest layer up. `marks`: the tile's. Every thread of the block calls this.
DEVICE void draw_layers(const Picture& p, const Scene& scene, const Tile& tile, const unsigned* marks) {
    int upper = p.upper_shapes - p.shapes, all = p.shapes_end - p.shapes;
    ROLLED for (int layer = TRACES; layer < LAYERS; ++layer) {
        if (layer != BOXES) draw_shapes(p, scene, tile, marks, layer == TRACES ? 0 : upper, layer == TRACES ? upper : all);
        draw_objects(p, scene, tile, marks + objects_at(p, layer), layer);
    }
}

DEVICE bool any(const unsigned* marks, int words) {
    unsigned bits = 0;
    ROLLED for (int word = 0; word < words; ++word) bits |= marks[word];
    return bits;
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

CROWDED_KERNEL(6) draw(const Picture* pictures, const Object* objects, const Prepared* prepared, const Point* points,
                       const Shape* shapes, const Point* corners, const uint8_t* pixels, const float* dark) {
    SHARED unsigned marks[MOST_WORDS];
    KEPT(Quad, quads);
    const Picture& p = pictures[blockIdx.z];
    Tile tile = {(int)blockIdx.x * TILE_WIDTH, (int)blockIdx.y * TILE_HEIGHT, p.width, p.height};
    if (tile.left >= p.width || tile.top >= p.height) return;  // for the whole block
    const unsigned* own = marks_of_tile(p, blockIdx.x, blockIdx.y);
    int words = words_of(p);
    EACH_THREAD(t) {
        if (t < words) marks[t] = own[t];
        if (t == 0) line_count = 0;
        clear_keys(t);
        int x = tile.left + column_of(t), y = tile.top + row_of(t);
        quads[OWN(t)] = p.surface.wide ? scaled<uint16_t>(p, x, y) : scaled<uint8_t>(p, x, y);
    }
    SYNC();
    if (any(marks, words)) {  // for the whole block
        EACH_THREAD(t) put_quad(t, quads[OWN(t)]);
        draw_layers(p, {objects, prepared, points, shapes, corners, pixels, dark}, tile, marks);
        EACH_THREAD(t) quads[OWN(t)] = quad_of(t);
    }
    EACH_THREAD(t) {
        int x = tile.left + column_of(t), y = tile.top + row_of(t);
        if (x < p.width && y < p.height) write(p, x, y, quads[OWN(t)]);
    }
}
