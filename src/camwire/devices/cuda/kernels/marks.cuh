// Which tiles each object and shape touches: for each picture a table [tiles down, tiles across, words], and in a tile's
// words a bit for each object in each layer, then one for each stroke among the shapes and one for each other shape. The
// table is all zeros at first. Small kernels set the bits, and a block of `draw` looks at nothing but what its tile's
// words name.
//
// Of very many things a bit is for 2^shift that follow each other, so that the words of a tile never are more than
// a block can take. So a bit may be set for something that doesn't touch the tile: whatever draws looks at its own pixels.
#pragma once

constexpr int MOST_OBJECT_WORDS = 32, MOST_SHAPE_WORDS = 64;  // as in marks.py
constexpr int MOST_WORDS = LAYERS * MOST_OBJECT_WORDS + 2 * MOST_SHAPE_WORDS;

static_assert(MOST_WORDS <= THREADS, "a thread of `draw` reads one");

DEVICE int tiles_across(const Picture& p) { return (p.width + TILE_WIDTH - 1) / TILE_WIDTH; }

// Where the words of each kind of thing begin among a tile's.
DEVICE int objects_at(const Picture& p, int layer) { return layer * p.object_words; }
DEVICE int strokes_at(const Picture& p) { return LAYERS * p.object_words; }
DEVICE int surfaces_at(const Picture& p) { return strokes_at(p) + p.shape_words; }
DEVICE int words_of(const Picture& p) { return surfaces_at(p) + p.shape_words; }

DEVICE const unsigned* marks_of_tile(const Picture& p, int column, int row) {
    return (const unsigned*)p.marks + ((long long)row * tiles_across(p) + column) * words_of(p);
}

// One thing's bit in every tile of its picture.
struct Bit {
    unsigned* word;  // of the first tile
    unsigned value;
    int across, words;

    DEVICE_MEMBER void set(int column, int row) const { atomicOr(word + ((long long)row * across + column) * words, value); }
};

DEVICE Bit bit_of(const Picture& p, int first_word, int group) {
    return {(unsigned*)p.marks + first_word + group / 32, 1u << group % 32, tiles_across(p), words_of(p)};
}

// Objects and shapes are counted from the picture's first.
DEVICE Bit bit_of_object(const Picture& p, int layer, int n) { return bit_of(p, objects_at(p, layer), n >> p.object_shift); }
DEVICE Bit bit_of_shape(const Picture& p, bool stroke, int n) {
    return bit_of(p, stroke ? strokes_at(p) : surfaces_at(p), n >> p.shape_shift);
}

DEVICE bool is_marked(const unsigned* words, int shift, int n) { return words[n >> shift >> 5] >> (n >> shift & 31) & 1; }

// The first from `n` on whose bit is set, or `end`.
DEVICE int next(const unsigned* words, int shift, int n, int end) {
    for (int group = n >> shift; group <= (end - 1) >> shift; group = (group / 32 + 1) * 32)
        if (unsigned bits = words[group / 32] >> group % 32) {
            int first = (group + __ffs(bits) - 1) << shift;
            if (first < n) first = n;  // in the midst of what the bit is for
            return first < end ? first : end;
        }
    return end;
}

// Tiles of a row or a column, the last inclusive.
struct Span { int first, last; };

// Those with a pixel from `low` to `high`, of a picture of `side` pixels. What isn't a number is anywhere.
DEVICE Span tiles_between(float low, float high, int side, int tile_side) {
    low = fmaxf(floorf(low), 0.0f), high = fminf(ceilf(high), side - 1.0f);
    if (low > high) return {0, -1};
    return {(int)low / tile_side, (int)high / tile_side};
}

// Pixels, inclusive.
struct Rectangle { float left, top, right, bottom; };

// Sets the bit where the rectangle is, but for tiles that lie in the `hole` as a whole: every LANES-th row.
DEVICE void mark_rectangle(const Picture& p, const Bit& bit, const Rectangle& own, const Rectangle& hole, int lane) {
    Span across = tiles_between(own.left, own.right, p.width, TILE_WIDTH);
    Span down = tiles_between(own.top, own.bottom, p.height, TILE_HEIGHT);
    ROLLED for (int row = down.first + lane; row <= down.last; row += LANES) {
        bool beside = row * TILE_HEIGHT >= hole.top && row * TILE_HEIGHT + TILE_HEIGHT - 1 <= hole.bottom;
        ROLLED for (int column = across.first; column <= across.last; ++column) {
            int left = column * TILE_WIDTH;
            if (!(beside && left >= hole.left && left + TILE_WIDTH - 1 <= hole.right)) bit.set(column, row);
        }
    }
}

DEVICE void mark_rectangle(const Picture& p, const Bit& bit, const Rectangle& own, int lane) {
    mark_rectangle(p, bit, own, {1.0f, 1.0f, 0.0f, 0.0f}, lane);
}

// Sets the bit along a line, as far as `before` it to the left and above and `behind` it to the right and below: of the
// rows of tiles that it touches every `stride`-th from the `first` on.
DEVICE void mark_line(const Picture& p, const Bit& bit, Point a, Point b, float before, float behind, int first, int stride) {
    if (a.y > b.y) swap(a, b);
    Span down = tiles_between(a.y - before, b.y + behind, p.height, TILE_HEIGHT);
    float slope = b.y > a.y ? (b.x - a.x) / (b.y - a.y) : 0.0f;
    ROLLED for (int row = down.first + first; row <= down.last; row += stride) {
        // The part of the line that is near enough to the row's pixels.
        float top = row * TILE_HEIGHT - behind, bottom = row * TILE_HEIGHT + TILE_HEIGHT - 1 + before;
        float enters = a.x + (clamped(top, a.y, b.y) - a.y) * slope, leaves = b.x - (b.y - clamped(bottom, a.y, b.y)) * slope;
        Span across = tiles_between(fminf(enters, leaves) - before, fmaxf(enters, leaves) + behind, p.width, TILE_WIDTH);
        ROLLED for (int column = across.first; column <= across.last; ++column) bit.set(column, row);
    }
}
