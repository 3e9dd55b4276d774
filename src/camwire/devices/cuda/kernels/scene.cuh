// What is drawn where, as the host packs it.
#pragma once

enum Layer { TRACES, BOXES, LABELS, LAYERS };

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
};

constexpr int RANKS = 8, LONGEST_ID = 20;

// Mirrors scene.OBJECT.
struct Object {
    int left, top, right, bottom;            // the box's outermost pixels, inclusive
    int label_left, label_top, label_right;  // right exclusive
    int name, digits, hundredths;            // the class's glyph; how many digits the id has; the score
    uint64_t id;
    float colour[3], box_colour[3];          // Y, Cb, Cr
    int trace, trace_end;                    // points of the trace
    int trace_middle;                        // the first point of the newer half
    int rank;                                // below RANKS: traces of a higher one lie above
    int remark, remark_left;                 // where the pixels of the label's end begin, and in which of its columns
    uint8_t id_glyphs[LONGEST_ID], score_glyphs[4];  // counted from the digit 0's
};

// The outermost pixels, inclusive, that a shape may change, or an object in each layer. Of all their data blocks look at
// this alone to find what touches their tile, so it is small and lies by itself.
struct alignas(8) Reach { short left, top, right, bottom; };
struct Reaches { Reach of[LAYERS]; };

// Mirrors scene.GLYPH.
struct Glyph { int start, columns, advance; };

// Mirrors sheet.SHAPE.
enum ShapeKind { STROKE, AREA, PLATE, MASK };
struct Shape {
    int kind;
    int first, last;                 // an area's corners; where a plate's or a mask's bytes begin
    int pitch;                       // bytes from a row to the next
    float left, top, right, bottom;  // what it can touch; a plate or a mask fills it
    Point a, b;                      // a stroke's ends: (0, 0) is the first pixel's centre
    int thickness;                   // of a stroke, as OpenCV calls it
    float part;                      // how much of the colour lies on an area or a mask
    float colour[3];
    int reserved;
};

static_assert(sizeof(Picture) == 224 && sizeof(Object) == 120 && sizeof(Shape) == 72, "as in scene.py and sheet.py");

// Four pixels: upper left, upper right, lower left, lower right.
struct Quad { float y[4], u[4], v[4]; };

DEVICE void paint(Quad& quad, int pixel, const float* colour) {
    quad.y[pixel] = colour[0];
    quad.u[pixel] = colour[1];
    quad.v[pixel] = colour[2];
}

DEVICE void tint(Quad& quad, int pixel, const float* colour, float part) {
    quad.y[pixel] = mixed(quad.y[pixel], colour[0], part);
    quad.u[pixel] = mixed(quad.u[pixel], colour[1], part);
    quad.v[pixel] = mixed(quad.v[pixel], colour[2], part);
}

DEVICE void paint_pixel(Quad& quad, int pixel, const uint8_t* own) {
    quad.y[pixel] = own[0];
    quad.u[pixel] = own[1];
    quad.v[pixel] = own[2];
}
