// Labels: `name #id score`, put together from the glyphs of an atlas, on a plate in the object's colour.
#pragma once

constexpr int FULL_STOP = 10;

// The decimal digits of an object's id, and its score with two decimals, as glyphs.
DEVICE void spell(Object& o) {
    uint64_t rest = o.id;
    for (int place = o.digits - 1; place >= 0; --place, rest /= 10) o.id_glyphs[place] = (uint8_t)(rest % 10);
    o.score_glyphs[0] = (uint8_t)(o.hundredths / 100 % 10);
    o.score_glyphs[1] = FULL_STOP;
    o.score_glyphs[2] = (uint8_t)(o.hundredths / 10 % 10);
    o.score_glyphs[3] = (uint8_t)(o.hundredths % 10);
}

// Two pixels of a label, one below the other: how much of each stays bare of ink.
struct Bare { float upper, lower; };

// Lays a glyph on them. `row`: the upper one's; one of the two may be beside the label.
DEVICE void cover(const Picture& p, int glyph, int column, int row, Bare& bare) {
    const Glyph& g = ((const Glyph*)p.glyphs)[glyph];
    if (column < 0 || column >= g.columns) return;
    const uint8_t* coverage = (const uint8_t*)p.letters + g.start + row * g.columns + column;
    if (row >= 0) bare.upper *= 1.0f - coverage[0] * (1.0f / 255.0f);
    if (row + 1 < p.text_height) bare.lower *= 1.0f - coverage[g.columns] * (1.0f / 255.0f);
}

// At a column behind the margin. A letter may reach into the next one's room.
DEVICE Bare bare_of_ink(const Picture& p, const Object& o, int column, int row) {
    const Glyph* glyphs = (const Glyph*)p.glyphs;
    int digit_width = glyphs[p.classes].advance, stop_width = glyphs[p.classes + FULL_STOP].advance;
    Bare bare = {1.0f, 1.0f};
    cover(p, o.name, column, row, bare);
    int at = column - glyphs[o.name].advance;
    if (at < 0) return bare;
    int place = at / digit_width, into = at - place * digit_width;
    if (place < o.digits) cover(p, p.classes + o.id_glyphs[place], into, row, bare);
    if (place > 0 && place <= o.digits) cover(p, p.classes + o.id_glyphs[place - 1], into + digit_width, row, bare);
    // One pixel and the gap lie between the id and the score.
    at -= o.digits * digit_width + 1 + p.gap;
    if (at < 0) return bare;
    const int starts[] = {0, digit_width, digit_width + stop_width, 2 * digit_width + stop_width};
    UNROLL for (int k = 0; k < 4; ++k) cover(p, p.classes + o.score_glyphs[k], at - starts[k], row, bare);
    return bare;
}

DEVICE void draw_label(const Picture& p, const Object& o, const float* dark, const uint8_t* pixels, int x, int y, Quad& quad) {
    int width = o.label_right - o.label_left, left = x - o.label_left, row = y - o.label_top;
    if (left < -1 || left >= width || row < -1 || row >= p.text_height) return;
    for (int side = 0; side < 2; ++side) {
        int column = left + side;
        if (column < 0 || column >= width) continue;
        bool remark = column >= o.remark_left;
        Bare bare = remark ? Bare{} : bare_of_ink(p, o, column - p.margin, row);
        for (int below = 0; below < 2; ++below) {
            int pixel = 2 * below + side;
            if (row + below < 0 || row + below >= p.text_height) continue;
            if (remark) {
                paint_pixel(quad, pixel, pixels + o.remark + 3 * ((row + below) * (width - o.remark_left) + column - o.remark_left));
                continue;
            }
            paint(quad, pixel, o.colour);
            tint(quad, pixel, dark, 1.0f - (below ? bare.lower : bare.upper));
        }
    }
}
