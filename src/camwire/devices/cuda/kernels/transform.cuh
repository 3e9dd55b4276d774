// A block of a picture to quantised coefficients, by one thread. Words of a thread's column of shared memory are THREADS apart.
#pragma once

constexpr int BLOCKS_A_MCU = 6;
// MCUs that 256 threads take at a time; the first warps have luma alone, the others chroma, which is coded much sooner.
constexpr int MCUS = 40;
constexpr int LUMA_THREADS = MCUS * 4;
static_assert(MCUS * BLOCKS_A_MCU <= THREADS && LUMA_THREADS % 32 == 0, "a thread a block of 8x8, no warp of both kinds");

// Mirrors encode.JPEG_PICTURE.
struct JpegPicture {
    uint64_t y, u, v;             // planes, 8 bits
    int y_pitch, c_pitch;         // bytes a row
    int width, height;            // of luma, even
    int columns, rows;            // MCUs
    int first_block, first_segment;
    int header, header_size;      // bytes of `headers`
    int headers_through;          // bytes of all headers up to and with this picture's
    int quality;                  // which of the `scales`
};

static_assert(sizeof(JpegPicture) == 72, "encode.JPEG_PICTURE is laid out like this");

struct alignas(16) Scales { float of[64]; };

// A block of 8x8 in a row of MCUs: 0 to 3 are luma, 4 and 5 the chromas.
struct Place {
    int mcu, which;
    DEVICE_MEMBER bool chroma() const { return which >= 4; }
    DEVICE_MEMBER int block() const { return mcu * BLOCKS_A_MCU + which; }
};

DEVICE Place place_of(int thread) {
    if (thread < LUMA_THREADS) return {thread / 4, thread % 4};
    int chroma = thread - LUMA_THREADS;
    return {chroma % MCUS, 4 + chroma / MCUS};
}

// Eight values, `step` apart: a one-dimensional DCT, scaled as in Arai, Agui and Nakajima (1988).
DEVICE void dct(float* d, int step) {
    float a0 = d[0] + d[7 * step], a7 = d[0] - d[7 * step], a1 = d[step] + d[6 * step], a6 = d[step] - d[6 * step];
    float a2 = d[2 * step] + d[5 * step], a5 = d[2 * step] - d[5 * step];
    float a3 = d[3 * step] + d[4 * step], a4 = d[3 * step] - d[4 * step];
    float b0 = a0 + a3, b3 = a0 - a3, b1 = a1 + a2, b2 = a1 - a2;
    d[0] = b0 + b1;
    d[4 * step] = b0 - b1;
    float c = (b2 + b3) * 0.70710678f;
    d[2 * step] = b3 + c;
    d[6 * step] = b3 - c;
    float e0 = a4 + a5, e1 = a5 + a6, e2 = a6 + a7;
    float f = (e0 - e2) * 0.38268343f, g = 0.54119610f * e0 + f, h = 1.30656297f * e2 + f, k = e1 * 0.70710678f;
    float l = a7 + k, m = a7 - k;
    d[5 * step] = m + g;
    d[3 * step] = m - g;
    d[step] = l + h;
    d[7 * step] = l - h;
}

struct alignas(8) EightPixels { unsigned word[2]; };

// `rows` of eight pixels each, the leftmost in the lowest byte; beyond the plane's edges, those at the edges.
DEVICE void load_block(const uint8_t* plane, int pitch, int width, int height, int left, int top, EightPixels* rows) {
    bool whole = left + 8 <= width && !(((uint64_t)plane | (unsigned)pitch) & 7);
    if (whole) {
        UNROLL for (int i = 0; i < 8; ++i)
            rows[i] = *(const EightPixels*)(plane + (long long)clamped(top + i, 0, height - 1) * pitch + left);
        return;
    }
    UNROLL for (int i = 0; i < 8; ++i) {
        const uint8_t* line = plane + (long long)clamped(top + i, 0, height - 1) * pitch;
        rows[i] = {};
        UNROLL for (int j = 0; j < 8; ++j) rows[i].word[j / 4] |= (unsigned)line[clamped(left + j, 0, width - 1)] << j % 4 * 8;
    }
}

// A byte of a word as a number above 2^15, in one operation: its bits are in the number's.
constexpr float ABOVE = 32768.0f;
DEVICE float byte_above(unsigned word, int which) { return __uint_as_float(__byte_perm(word, 0x47000000, 0x7604 | which << 4)); }

// The lower 16 bits of a number that this was added to are the whole number next to it, for numbers up to 2^15. No coefficient
// is beyond -1024 to 1020: 64 samples of -128 to 127 can't make more.
constexpr float ROUNDER = 12582912.0f;

// Transforms a block, and quantises by multiplying with `scales`. Writes its coefficients in zigzag order to words THREADS
// apart; the first goes to `first`, too. Returns a bit for each other that isn't 0, that of the second being the uppermost.
DEVICE uint64_t transform(const JpegPicture& p, Place place, int column, int row, const Scales& scales, unsigned* coefficients,
                          int& first) {
    const int zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
                            41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
                            30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};
    bool chroma = place.chroma();
    const uint8_t* plane = (const uint8_t*)(chroma ? (place.which == 4 ? p.u : p.v) : p.y);
    int left = chroma ? column * 8 : column * 16 + (place.which & 1) * 8;
    int top = chroma ? row * 8 : row * 16 + (place.which >> 1) * 8;
    EightPixels rows[8];
    load_block(plane, chroma ? p.c_pitch : p.y_pitch, p.width >> chroma, p.height >> chroma, left, top, rows);
    float d[64];
    UNROLL for (int i = 0; i < 8; ++i) {
        UNROLL for (int j = 0; j < 8; ++j) d[i * 8 + j] = byte_above(rows[i].word[j / 4], j % 4);
        dct(d + i * 8, 1);
    }
    UNROLL for (int j = 0; j < 8; ++j) dct(d + j, 8);
    d[0] -= 64 * (ABOVE + 128.0f);  // samples are that much less, which no other coefficient feels
    UNROLL for (int i = 0; i < 64; ++i) d[i] = d[i] * scales.of[i] + ROUNDER;
    uint64_t mask = 0;
    UNROLL for (int i = 0; i < 64; i += 2) {
        float low = d[zigzag[i]], high = d[zigzag[i + 1]];
        coefficients[i / 2 * THREADS] = __byte_perm(__float_as_uint(low), __float_as_uint(high), 0x5410);
        if (i && low != ROUNDER) mask |= (uint64_t)1 << (64 - i);
        if (high != ROUNDER) mask |= (uint64_t)1 << (63 - i);
    }
    first = (short)__float_as_uint(d[0]);
    return mask;
}
