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

// How much of a pixel stays bare under a glyph.
DEVICE float bare_under(const Picture& p, int glyph, int column, int row) {
    const Glyph& g = ((const Glyph*)p.glyphs)[glyph];
    if (column < 0 || column >= g.columns) return 1.0f;
    return 1.0f - ((const uint8_t*)p.letters)[g.start + row * g.columns + column] * (1.0f / 255.0f);
}

// How much ink a label has at a column and row of its own. A letter may reach into the next one's room.
DEVICE float ink(const Picture& p, const Object& o, int column, int row) {
    const Glyph* glyphs = (const Glyph*)p.glyphs;
    int digit_width = glyphs[p.classes].advance, stop_width = glyphs[p.classes + FULL_STOP].advance;
    float bare = bare_under(p, o.name, column, row);
    int at = column - glyphs[o.name].advance;
    if (at < 0) return 1.0f - bare;
    int place = at / digit_width, into = at - place * digit_width;
    if (place < o.digits) bare *= bare_under(p, p.classes + o.id_glyphs[place], into, row);
    if (place > 0 && place <= o.digits) bare *= bare_under(p, p.classes + o.id_glyphs[place - 1], into + digit_width, row);
    // One pixel and the gap lie between the id and the score.
    at -= o.digits * digit_width + 1 + p.gap;
    if (at < 0) return 1.0f - bare;
    const int starts[] = {0, digit_width, digit_width + stop_width, 2 * digit_width + stop_width};
    UNROLL for (int k = 0; k < 4; ++k) bare *= bare_under(p, p.classes + o.score_glyphs[k], at - starts[k], row);
    return 1.0f - bare;
}

DEVICE void draw_label(const Picture& p, const Object& o, const float* dark, const uint8_t* pixels, int x, int y, Quad& quad) {
    int width = o.label_right - o.label_left, left = x - o.label_left, top = y - o.label_top;
    if (left < -1 || left >= width || top < -1 || top >= p.text_height) return;
    for (int pixel = 0; pixel < 4; ++pixel) {
        int column = left + (pixel & 1), row = top + (pixel >> 1);
        if (column < 0 || row < 0 || column >= width || row >= p.text_height) continue;
        if (column >= o.remark_left) {
            paint_pixel(quad, pixel, pixels + o.remark + 3 * (row * (width - o.remark_left) + column - o.remark_left));
            continue;
        }
        paint(quad, pixel, o.colour);
        tint(quad, pixel, dark, ink(p, o, column - p.margin, row));
    }
}
