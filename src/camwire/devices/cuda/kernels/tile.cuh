// The tile that a block draws: which of its pixels are whose, and what it keeps of them in shared memory.
#pragma once

constexpr int TILE_WIDTH = 64, TILE_HEIGHT = 16, QUADS_A_ROW = TILE_WIDTH / 2;
constexpr int PIXELS_A_QUAD = 4, CHANNELS = 3;

struct Tile {
    int left, top;      // in the picture
    int width, height;  // of the picture
};

// Where a thread's quad is in its tile. Unsigned numbers are divided by powers of two in one instruction.
DEVICE int column_of(unsigned t) { return t % QUADS_A_ROW * 2; }
DEVICE int row_of(unsigned t) { return t / QUADS_A_ROW * 2; }

// Four pixels: upper left, upper right, lower left, lower right.
struct Quad { float y[PIXELS_A_QUAD], u[PIXELS_A_QUAD], v[PIXELS_A_QUAD]; };

// The pixels while they are drawn on; in registers they would be in everything's way. A thread touches its own quad
// alone, so nobody waits for anybody. The threads' values lie side by side: whichever pixel each thread of a warp is at, its
// bank is its own.
SHARED float levels[CHANNELS][PIXELS_A_QUAD][THREADS];

// What is drawn at each pixel by lines, the highest key; 0: nothing. Threads walk down the tile and read along it, so
// a row begins two banks behind the one above: eight pixels of a column are in eight banks.
constexpr int KEYS_A_ROW = TILE_WIDTH + 2;
SHARED int keys[TILE_HEIGHT * KEYS_A_ROW];

DEVICE int& key_at(int column, int row) { return keys[row * KEYS_A_ROW + column]; }

DEVICE void put_quad(int t, const Quad& quad) {
    UNROLL for (int pixel = 0; pixel < PIXELS_A_QUAD; ++pixel) {
        levels[0][pixel][t] = quad.y[pixel];
        levels[1][pixel][t] = quad.u[pixel];
        levels[2][pixel][t] = quad.v[pixel];
    }
}

DEVICE Quad quad_of(int t) {
    Quad quad;
    UNROLL for (int pixel = 0; pixel < PIXELS_A_QUAD; ++pixel) {
        quad.y[pixel] = levels[0][pixel][t];
        quad.u[pixel] = levels[1][pixel][t];
        quad.v[pixel] = levels[2][pixel][t];
    }
    return quad;
}

// A thread's pixel takes a colour, a part of one, or a pixel's bytes.
DEVICE void paint(int t, int pixel, const float* colour) {
    for (int channel = 0; channel < CHANNELS; ++channel) levels[channel][pixel][t] = colour[channel];
}

DEVICE void tint(int t, int pixel, const float* colour, float part) {
    for (int channel = 0; channel < CHANNELS; ++channel) {
        float& level = levels[channel][pixel][t];
        level = mixed(level, colour[channel], part);
    }
}

DEVICE void paint_pixel(int t, int pixel, const uint8_t* own) {
    for (int channel = 0; channel < CHANNELS; ++channel) levels[channel][pixel][t] = own[channel];
}

DEVICE void clear_keys(int t) {
    for (int place = t; place < TILE_HEIGHT * KEYS_A_ROW; place += THREADS) keys[place] = 0;
}
