// What is drawn where, as the host packs it, and what is added to it on the GPU before anything is drawn.
#pragma once

enum Layer { TRACES, BOXES, LABELS, LAYERS };

struct alignas(8) Point { float x, y; };

// Mirrors scene.PICTURE.
struct Picture {
    Surface surface;               // its matrix leads to JPEG's YCbCr
    uint64_t y, u, v;              // planes of the picture, 8 bits, 4:2:0
    int y_pitch, c_pitch;          // bytes a row, the first even
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
    float luma_step[2], chroma_step[2];  // across and down: how many samples of the surface one of the picture takes
    uint64_t marks;                // its table of marks (marks.cuh), and in that of each tile ...
    int object_words, shape_words; // ... words for each layer's objects; for strokes and for the rest
    int object_shift, shape_shift; // a bit is for 2^shift of them
};

constexpr int RANKS = 8, LONGEST_ID = 20, SCORE_LETTERS = 4;

// Mirrors scene.OBJECT.
struct alignas(16) Object {
    int left, top, right, bottom;            // the box's outermost pixels, inclusive
    int label_left, label_top, label_right;  // right exclusive
    int remark_left;                         // the label's column in which its end begins, ...
    float colour[3];                         // Y, Cb, Cr
    int remark;                              // ... and where the pixels of that are
    float box_colour[3];
    int rank;                                // below RANKS: traces of a higher one lie above
    uint64_t id;
    int name, digits;                        // the class's glyph; how many digits the id has
    int hundredths;                          // the score
    int reserved[3];
};

// What is worked out of an object once, before it is drawn on many tiles. Mirrors scene.PREPARED in its size.
struct alignas(16) Prepared {
    int trace, trace_middle, trace_end;      // points of the trace: the first, the first of the newer half, the end
    int digits;                              // of the label's letters, those of the id; the score's follow
    int name_start, name_columns;            // where the name's coverage is
    int id_left, score_left;                 // columns of the label where these begin
    int digit_width, digit_columns;          // from one digit to the next; stored of each
    int stop_width, stop_columns;            // of the full stop
    int starts[LONGEST_ID + SCORE_LETTERS];  // where the letters' coverage is
};

// Mirrors scene.GLYPH.
struct Glyph { int start, columns, advance; };

// Mirrors sheet.SHAPE.
enum ShapeKind { STROKE, AREA, PLATE, MASK };
struct Shape {
    int kind;
    int first, last;                 // an area's corners; where a plate's or a mask's bytes begin
    int pitch;                       // bytes from a row to the next
    float left, top, right, bottom;  // what anything but a stroke can touch; a plate or a mask fills it
    Point a, b;                      // a stroke's ends: (0, 0) is the first pixel's centre
    int thickness;                   // of a stroke, as OpenCV calls it
    float part;                      // how much of the colour lies on an area or a mask
    float colour[3];
    int reserved;
};

static_assert(sizeof(Picture) == 248 && sizeof(Object) == 96 && sizeof(Prepared) == 144 && sizeof(Shape) == 72,
              "as in scene.py and sheet.py");
