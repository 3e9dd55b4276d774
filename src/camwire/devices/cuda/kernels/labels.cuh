// Labels: `name #id score`, put together from the glyphs of an atlas, on a plate in the object's colour.
#pragma once

constexpr int FULL_STOP = 10;

// Which letters a label has and where: the decimal digits of the object's id, and its score with two decimals.
DEVICE void spell(const Picture& p, const Object& o, Prepared& label) {
    const Glyph* glyphs = (const Glyph*)p.glyphs;
    const Glyph* digits = glyphs + p.classes;
    const Glyph &name = glyphs[o.name], &digit = digits[0], &stop = digits[FULL_STOP];
    label.digits = o.digits;
    label.name_start = name.start, label.name_columns = name.columns;
    label.digit_width = digit.advance, label.digit_columns = digit.columns;
    label.stop_width = stop.advance, label.stop_columns = stop.columns;
    label.id_left = p.margin + name.advance;
    label.score_left = label.id_left + o.digits * digit.advance + 1 + p.gap;  // a pixel and the gap lie between them
    uint64_t rest = o.id;
    for (int place = o.digits - 1; place >= 0; --place, rest /= 10) label.starts[place] = digits[rest % 10].start;
    int* score = label.starts + o.digits;
    score[0] = digits[o.hundredths / 100 % 10].start;
    score[1] = stop.start;
    score[2] = digits[o.hundredths / 10 % 10].start;
    score[3] = digits[o.hundredths % 10].start;
}

// Two pixels of a label, one below the other: how much of each stays bare of ink.
struct Bare { float upper, lower; };

// Lays a letter on them. `row`: the upper one's; one of the two may be beside the label.
DEVICE void cover(const Picture& p, int start, int columns, int column, int row, Bare& bare) {
    if (column < 0 || column >= columns) return;
    const uint8_t* coverage = (const uint8_t*)p.letters + start + row * columns + column;
    if (row >= 0) bare.upper *= 1.0f - coverage[0] * (1.0f / 255.0f);
    if (row + 1 < p.text_height) bare.lower *= 1.0f - coverage[columns] * (1.0f / 255.0f);
}

// The letter that begins at a column or nearest before it; -1 is the name.
DEVICE int letter_at(const Prepared& label, int column) {
    int at = column - label.score_left, behind_the_stop = label.digit_width + label.stop_width;
    if (at >= 0)
        return label.digits + (at >= label.digit_width) + (at >= behind_the_stop) + (at >= behind_the_stop + label.digit_width);
    at = column - label.id_left;
    if (at < 0) return -1;
    int place = at / label.digit_width;
    return place < label.digits ? place : label.digits - 1;
}

DEVICE int column_of_letter(const Prepared& label, int letter) {
    int place = letter - label.digits;
    if (place < 0) return label.id_left + letter * label.digit_width;
    return label.score_left + (place > 1 ? place - 1 : place > 0) * label.digit_width + (place > 1) * label.stop_width;
}

DEVICE Bare bare_of_ink(const Picture& p, const Prepared& label, int column, int row) {
    Bare bare = {1.0f, 1.0f};
    cover(p, label.name_start, label.name_columns, column - p.margin, row, bare);
    // A letter may reach into the next one's room, and over a full stop into that of the one behind.
    int last = letter_at(label, column);
    ROLLED for (int letter = last > 2 ? last - 2 : 0; letter <= last; ++letter) {
        int columns = letter == label.digits + 1 ? label.stop_columns : label.digit_columns;
        cover(p, label.starts[letter], columns, column - column_of_letter(label, letter), row, bare);
    }
    return bare;
}

// On the quad of thread `t`, whose upper left pixel is (x, y).
DEVICE void draw_label(const Picture& p, const Object& o, const Prepared& label, const float* dark, const uint8_t* pixels, int t,
                       int x, int y) {
    int width = o.label_right - o.label_left, left = x - o.label_left, row = y - o.label_top;
    if (left < -1 || left >= width || row < -1 || row >= p.text_height) return;
    ROLLED for (int side = 0; side < 2; ++side) {
        int column = left + side;
        if (column < 0 || column >= width) continue;
        bool remark = column >= o.remark_left;
        Bare bare = remark ? Bare{} : bare_of_ink(p, label, column, row);
        ROLLED for (int below = 0; below < 2; ++below) {
            int pixel = 2 * below + side;
            if (row + below < 0 || row + below >= p.text_height) continue;
            if (remark) {
                paint_pixel(t, pixel, pixels + o.remark + 3 * ((row + below) * (width - o.remark_left) + column - o.remark_left));
                continue;
            }
            paint(t, pixel, o.colour);
            tint(t, pixel, dark, 1.0f - (below ? bare.lower : bare.upper));
        }
    }
}
