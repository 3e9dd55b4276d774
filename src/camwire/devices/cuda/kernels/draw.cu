// Decoded surfaces to pictures for the JPEG encoder: scaled, turned into JPEG's YCbCr and drawn on, for a whole batch
// in one launch.
//
// A block makes a tile of 64x16 pixels of one picture, a thread the 2x2 pixels that share a chroma sample. First the
// block finds which objects touch its tile (a bit each), then every thread looks at those alone. The layers are the
// CPU renderer's: shapes of rules and masks below traces below boxes below other shapes below labels, and in a layer the
// later object above the earlier.
#include "common.cuh"
#include "lines.cuh"

constexpr int TILE_WIDTH = 64, TILE_HEIGHT = 16, QUADS_A_ROW = TILE_WIDTH / 2;
constexpr int OBJECTS_AT_ONCE = 1024, WORDS = OBJECTS_AT_ONCE / 32;
enum Layer { TRACES, BOXES, LABELS, LAYERS };

// What is drawn where. Mirrors scene.PICTURE, scene.OBJECT and scene.GLYPH.
struct Picture {
    Surface surface;               // its matrix leads to JPEG's YCbCr
    uint64_t y, u, v;              // planes of the picture, 8 bits, 4:2:0
    int y_pitch, c_pitch;          // bytes a row
    int width, height;             // both even
    int first, last;               // its objects
    int line;                      // pixels
    int text_height, margin, gap;  // of a label: rows, pixels before the name and behind each of its two parts
    uint64_t letters;              // coverage of the letters, a byte a pixel
    uint64_t glyphs;               // Glyph[classes + 11]: "name #" of each class, the digits 0 to 9, the full stop
    int classes;
    int layers;                    // bit l: layer l is drawn
    int shapes, upper_shapes;      // its first shape, and the first of those above the boxes
    int shapes_end, reserved;
};

struct Object {
    int left, top, right, bottom;            // the box's outermost pixels, inclusive
    int label_left, label_top, label_right;  // right exclusive
    int name, digits, hundredths;            // the class's glyph; how many digits the id has; the score
    uint64_t id;
    float colour[3], box_colour[3];          // Y, Cb, Cr
    int trace, trace_end;                    // points of the trace
    float trace_left, trace_top, trace_right, trace_bottom;
    int trace_middle;                        // the first point of the newer half
    int rank;                                // 0 to 7: traces of a higher one lie above
    int remark, remark_left;                 // where the pixels of the label's end begin, and in which of its columns
};

// Mirrors shapes.SHAPE.
enum ShapeKind { STROKE, AREA, PLATE, MASK };
struct Shape {
    int kind;
    int first, last;                 // an area's corners; where a plate's or a mask's bytes begin
    int pitch;                       // bytes from a row to the next
    float left, top, right, bottom;  // what it can touch; a plate or a mask fills it
    float ax, ay, bx, by;            // a stroke's ends: (0, 0) is the first pixel's centre
    int thickness;                   // of a stroke, as OpenCV calls it
    float part;                      // how much of the colour lies on an area or a mask
    float colour[3];
    int reserved;
};

static_assert(sizeof(Picture) == 208 && sizeof(Object) == 112 && sizeof(Shape) == 72, "as in scene.py and shapes.py");

struct Glyph { int start, columns, advance; };

// Four pixels: upper left, upper right, lower left, lower right.
struct Quad { float y[4], u[4], v[4]; };

DEVICE void paint(Quad& quad, int pixel, const float* colour, float part) {
    quad.y[pixel] = mixed(quad.y[pixel], colour[0], part);
    quad.u[pixel] = mixed(quad.u[pixel], colour[1], part);
    quad.v[pixel] = mixed(quad.v[pixel], colour[2], part);
}

DEVICE bool apart(float left, float top, float right, float bottom, int x, int y, int width, int height) {
    return right < x || left > x + width || bottom < y || top > y + height;
}

DEVICE bool touches(const Picture& p, const Object& o, int layer, int x, int y) {
    if (!(p.layers >> layer & 1)) return false;
    if (layer == LABELS)
        return !apart(o.label_left, o.label_top, o.label_right, o.label_top + p.text_height, x, y, TILE_WIDTH, TILE_HEIGHT);
    if (layer == TRACES) {
        int room = 2 * p.line + 4;  // the line's half width and its shadow's distance
        return o.trace_end - o.trace >= 2 && !apart(o.trace_left - room, o.trace_top - room, o.trace_right + room,
                                                    o.trace_bottom + room, x, y, TILE_WIDTH, TILE_HEIGHT);
    }
    bool inside = x - o.left > p.line && y - o.top > p.line && o.right - (x + TILE_WIDTH - 1) > p.line &&
                  o.bottom - (y + TILE_HEIGHT - 1) > p.line;
    return !inside && !apart(o.left - p.line, o.top - p.line, o.right + p.line, o.bottom + p.line, x, y, TILE_WIDTH, TILE_HEIGHT);
}

// Lines go from eighth to eighth of a pixel (cpu/lines.py).
DEVICE Point drawn(Point p) { return {rounded((p.x - 0.5f) * 8.0f) * 0.125f, rounded((p.y - 0.5f) * 8.0f) * 0.125f}; }

enum TracePart { NOTHING, SHADOW, OLDER, NEWER };
constexpr int RANKS = 8;

// Which part of a trace covers each pixel of a quad, times RANKS.
DEVICE void trace_parts(const Picture& p, const Object& o, const Point* points, int x, int y, int* parts) {
    int line = p.line;
    for (int k = o.trace; k + 1 < o.trace_end; ++k) {
        Point a = drawn(points[k]), b = drawn(points[k + 1]);
        float room = 2.0f * line + 3.0f;  // the shadow's distance and half a line
        if (apart(fminf(a.x, b.x) - room, fminf(a.y, b.y) - room, fmaxf(a.x, b.x) + room, fmaxf(a.y, b.y) + room, x, y, 2, 2))
            continue;
        bool newer = k >= o.trace_middle;
        int thickness = newer ? line + 1 : (line > 2 ? line - 1 : 1);
        for (int pixel = 0; pixel < 4; ++pixel) {
            float px = x + (pixel & 1), py = y + (pixel >> 1);
            int part = NOTHING;
            Point shadow_a = {a.x + line, a.y + line}, shadow_b = {b.x + line, b.y + line};
            if (on_line(a, b, thickness, p.width, p.height, px, py)) part = newer ? NEWER : OLDER;
            else if (parts[pixel] < SHADOW * RANKS && on_line(shadow_a, shadow_b, 1, p.width, p.height, px, py)) part = SHADOW;
            if (part * RANKS > parts[pixel]) parts[pixel] = part * RANKS;
        }
    }
}

DEVICE float covered(const Picture& p, int glyph, int column, int row) {
    const Glyph& g = ((const Glyph*)p.glyphs)[glyph];
    if (column < 0 || column >= g.columns) return 0.0f;
    return ((const uint8_t*)p.letters)[g.start + row * g.columns + column] * (1.0f / 255.0f);
}

// How much ink a label has at a column and row of its own. A letter may reach into the next one's room.
DEVICE float ink(const Picture& p, const Object& o, int column, int row) {
    const Glyph* glyphs = (const Glyph*)p.glyphs;
    int digit_width = glyphs[p.classes].advance, stop_width = glyphs[p.classes + 10].advance;
    int name_width = glyphs[o.name].advance;
    float bare = 1.0f - covered(p, o.name, column, row);
    int at = column - name_width;
    if (at >= 0) {
        uint64_t rest = o.id;
        int right = o.digits - 1 - at / digit_width;  // digits to the right of the one whose room this is
        for (int skip = 0; skip < right; ++skip) rest /= 10;
        for (int place = right < 0 ? 0 : right; place <= right + 1 && place < o.digits; ++place) {
            if (place > right && right >= 0) rest /= 10;
            bare *= 1.0f - covered(p, p.classes + (int)(rest % 10), at - (o.digits - 1 - place) * digit_width, row);
        }
    }
    // One pixel and the gap lie between the id and the score.
    at -= o.digits * digit_width + 1 + p.gap;
    if (at >= 0) {
        bare *= 1.0f - covered(p, p.classes + o.hundredths / 100 % 10, at, row);
        bare *= 1.0f - covered(p, p.classes + 10, at - digit_width, row);
        bare *= 1.0f - covered(p, p.classes + o.hundredths / 10 % 10, at - digit_width - stop_width, row);
        bare *= 1.0f - covered(p, p.classes + o.hundredths % 10, at - 2 * digit_width - stop_width, row);
    }
    return 1.0f - bare;
}

DEVICE void paint_pixel(Quad& quad, int pixel, const uint8_t* own) {
    float colour[3] = {(float)own[0], (float)own[1], (float)own[2]};
    paint(quad, pixel, colour, 1.0f);
}

DEVICE void draw_label(const Picture& p, const Object& o, const float* dark, const uint8_t* pixels, int x, int y, Quad& quad) {
    int width = o.label_right - o.label_left;
    for (int pixel = 0; pixel < 4; ++pixel) {
        int column = x + (pixel & 1) - o.label_left, row = y + (pixel >> 1) - o.label_top;
        if (column < 0 || row < 0 || column >= width || row >= p.text_height) continue;
        if (column >= o.remark_left) {
            paint_pixel(quad, pixel, pixels + o.remark + 3 * (row * (width - o.remark_left) + column - o.remark_left));
            continue;
        }
        paint(quad, pixel, o.colour, 1.0f);
        paint(quad, pixel, dark, ink(p, o, column - p.margin, row));
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
    bool small = o.right - o.left < 2 * p.line + 2 || o.bottom - o.top < 2 * p.line + 2;
    for (int pixel = 0; pixel < 4; ++pixel) {
        int px = x + (pixel & 1), py = y + (pixel >> 1);
        int across = px - o.left < o.right - px ? px - o.left : o.right - px;
        int down = py - o.top < o.bottom - py ? py - o.top : o.bottom - py;
        int depth = small ? outline_at(o, p.line, px, py) : (across < down ? across : down);
        if (depth < -1 || depth > p.line) continue;
        paint(quad, pixel, depth < 0 || depth == p.line ? dark : o.box_colour, 1.0f);
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

DEVICE void draw_shape(const Picture& p, const Shape& s, const Point* corners, const uint8_t* pixels, int x, int y, Quad& quad) {
    for (int pixel = 0; pixel < 4; ++pixel) {
        int px = x + (pixel & 1), py = y + (pixel >> 1);
        float cx = px + 0.5f, cy = py + 0.5f;
        if (s.kind == STROKE) {
            if (on_line({s.ax, s.ay}, {s.bx, s.by}, s.thickness, p.width, p.height, px, py)) paint(quad, pixel, s.colour, 1.0f);
        } else if (s.kind == AREA) {
            if (inside_area(corners, s.first, s.last, cx, cy)) paint(quad, pixel, s.colour, s.part);
        } else if (s.kind == MASK) {
            if (in_mask(s, pixels, px, py)) paint(quad, pixel, s.colour, s.part);
        } else if (cx > s.left && cx < s.right && cy > s.top && cy < s.bottom) {
            paint_pixel(quad, pixel, pixels + s.first + (long long)(py - (int)s.top) * s.pitch + (px - (int)s.left) * 3);
        }
    }
}

// Of each pixel of a quad: the uppermost trace, its part times RANKS and its rank, and its colour.
struct Ways { int part[4]; float colour[4][3]; };

DEVICE void draw_trace(const Picture& p, const Object& o, const Point* points, int x, int y, Ways& ways) {
    int parts[4] = {0, 0, 0, 0};
    trace_parts(p, o, points, x, y, parts);
    for (int pixel = 0; pixel < 4; ++pixel) {
        if (!parts[pixel] || parts[pixel] + o.rank < ways.part[pixel]) continue;
        ways.part[pixel] = parts[pixel] + o.rank;
        for (int c = 0; c < 3; ++c) ways.colour[pixel][c] = o.colour[c];
    }
}

// Finds where each object's trace begins, which is where its points are numbers, and what it touches. Points [count, length].
KERNEL measure_traces(Object* objects, const Point* points, int count, int length) {
    EACH_THREAD(t) {
        int n = blockIdx.x * THREADS + t;
        if (n >= count) continue;
        Object& o = objects[n];
        int first = n * length, end = first + length;
        o.trace_left = o.trace_top = 1e30f;
        o.trace_right = o.trace_bottom = -1e30f;
        o.trace = end;
        for (int k = end - 1; k >= first && points[k].x == points[k].x; --k) {
            o.trace = k;
            o.trace_left = fminf(o.trace_left, points[k].x);
            o.trace_top = fminf(o.trace_top, points[k].y);
            o.trace_right = fmaxf(o.trace_right, points[k].x);
            o.trace_bottom = fmaxf(o.trace_bottom, points[k].y);
        }
        o.trace_end = end;
        o.trace_middle = first + (o.trace - first + length - 1) / 2;
    }
}

// Sets a bit for each of `count` things that TOUCHES, then does EACH of those in their order.
#define FIND(count, TOUCHES)                                                                                   \
    SYNC();                                                                                                    \
    EACH_THREAD(t) { for (int word = t; word < WORDS; word += THREADS) hits[word] = 0; }                       \
    SYNC();                                                                                                    \
    EACH_THREAD(t) {                                                                                           \
        for (int n = t; n < count; n += THREADS)                                                               \
            if (TOUCHES) atomicOr(&hits[n / 32], 1u << n % 32);                                                \
    }                                                                                                          \
    SYNC();

#define DRAW_SHAPES(begin, end)                                                                                \
    for (int base = begin; base < end; base += OBJECTS_AT_ONCE) {                                              \
        int count = end - base < OBJECTS_AT_ONCE ? end - base : OBJECTS_AT_ONCE;                               \
        FIND(count, !apart(shapes[base + n].left, shapes[base + n].top, shapes[base + n].right,                \
                           shapes[base + n].bottom, tile_x, tile_y, TILE_WIDTH, TILE_HEIGHT))                  \
        EACH_THREAD(t) {                                                                                       \
            int x = tile_x + t % QUADS_A_ROW * 2, y = tile_y + t / QUADS_A_ROW * 2;                            \
            for (int word = 0; word * 32 < count; ++word)                                                      \
                for (unsigned bits = hits[word]; bits; bits &= bits - 1)                                       \
                    draw_shape(p, shapes[base + word * 32 + __ffs(bits) - 1], corners, pixels, x, y, quads[OWN(t)]); \
        }                                                                                                      \
    }

KERNEL draw(const Picture* pictures, const Object* objects, const Point* points, const Shape* shapes, const Point* corners,
            const uint8_t* pixels, const float* dark) {
    SHARED unsigned hits[WORDS];
    KEPT(Quad, quads);
    KEPT(Ways, ways);
    const Picture& p = pictures[blockIdx.z];
    const Surface& s = p.surface;
    int tile_x = blockIdx.x * TILE_WIDTH, tile_y = blockIdx.y * TILE_HEIGHT;
    if (tile_x >= p.width || tile_y >= p.height) return;  // for the whole block
    EACH_THREAD(t) {
        int x = tile_x + t % QUADS_A_ROW * 2, y = tile_y + t / QUADS_A_ROW * 2;
        Quad& quad = quads[OWN(t)];
        Yuv from;
        chroma_at(s, x / 2, y / 2, p.width / 2, p.height / 2, from.u, from.v);
        for (int pixel = 0; pixel < 4; ++pixel) {
            from.y = luma_at(s, x + (pixel & 1), y + (pixel >> 1), p.width, p.height);
            quad.y[pixel] = channel(s, 0, from);
            quad.u[pixel] = channel(s, 1, from);
            quad.v[pixel] = channel(s, 2, from);
            ways[OWN(t)].part[pixel] = 0;
        }
    }
    DRAW_SHAPES(p.shapes, p.upper_shapes)
    for (int layer = TRACES; layer < LAYERS; ++layer) {
        if (layer == LABELS) { DRAW_SHAPES(p.upper_shapes, p.shapes_end) }
        if (!(p.layers >> layer & 1)) continue;
        for (int base = p.first; base < p.last; base += OBJECTS_AT_ONCE) {
            int count = p.last - base < OBJECTS_AT_ONCE ? p.last - base : OBJECTS_AT_ONCE;
            FIND(count, touches(p, objects[base + n], layer, tile_x, tile_y))
            EACH_THREAD(t) {
                int x = tile_x + t % QUADS_A_ROW * 2, y = tile_y + t / QUADS_A_ROW * 2;
                for (int word = 0; word * 32 < count; ++word) {
                    for (unsigned bits = hits[word]; bits; bits &= bits - 1) {
                        const Object& o = objects[base + word * 32 + __ffs(bits) - 1];
                        if (layer == TRACES) draw_trace(p, o, points, x, y, ways[OWN(t)]);
                        else if (layer == BOXES) draw_box(p, o, dark, x, y, quads[OWN(t)]);
                        else draw_label(p, o, dark, pixels, x, y, quads[OWN(t)]);
                    }
                }
            }
        }
        if (layer == TRACES) {
            EACH_THREAD(t) {
                for (int pixel = 0; pixel < 4; ++pixel) {
                    int part = ways[OWN(t)].part[pixel];
                    if (part) paint(quads[OWN(t)], pixel, part / RANKS == SHADOW ? dark : ways[OWN(t)].colour[pixel], 1.0f);
                }
            }
        }
    }
    EACH_THREAD(t) {
        int x = tile_x + t % QUADS_A_ROW * 2, y = tile_y + t / QUADS_A_ROW * 2;
        if (x >= p.width || y >= p.height) continue;
        const Quad& quad = quads[OWN(t)];
        uint8_t* luma = (uint8_t*)p.y + (long long)y * p.y_pitch + x;
        for (int pixel = 0; pixel < 4; ++pixel)
            luma[(pixel >> 1) * p.y_pitch + (pixel & 1)] = (uint8_t)rounded(clamped(quad.y[pixel], 0.0f, 255.0f));
        float u = 0.25f * (quad.u[0] + quad.u[1] + quad.u[2] + quad.u[3]);
        float v = 0.25f * (quad.v[0] + quad.v[1] + quad.v[2] + quad.v[3]);
        long long at = (long long)(y / 2) * p.c_pitch + x / 2;
        ((uint8_t*)p.u)[at] = (uint8_t)rounded(clamped(u, 0.0f, 255.0f));
        ((uint8_t*)p.v)[at] = (uint8_t)rounded(clamped(v, 0.0f, 255.0f));
    }
}
