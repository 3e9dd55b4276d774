// A batch of 4:2:0 pictures to baseline JPEGs (ITU-T T.81) in three launches: transform, encode, gather.
//
// A picture is coded in segments of one row of MCUs (16x16 pixels: four blocks of luma, one of each chroma), with a
// restart marker behind each, so that segments know nothing of each other and are coded side by side.
#include "common.cuh"

constexpr int BLOCKS_A_MCU = 6;
constexpr int MOST_BLOCKS = 1024 * BLOCKS_A_MCU;  // a segment's: pictures are 16384 pixels wide at most
// Room for a block's code, in words of 32 bits: 64 samples of -128 to 127 haven't the energy for more (a test counts it out).
constexpr int WORDS_A_BLOCK = 40;
constexpr int DC_CODES = 12, AC_CODES = 256, CODES = DC_CODES + AC_CODES;

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

DEVICE int quantised(float value, float scale, int most) {
    float level = rounded(value * scale);
    return (int)clamped(level, (float)-most, (float)most);
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

DEVICE float level(const uint8_t* plane, int pitch, int row, int column) {
    return (float)plane[(long long)row * pitch + column] - 128.0f;
}

DEVICE void load_block(const uint8_t* plane, int pitch, int width, int height, int left, int top, float* d) {
    bool whole = left + 8 <= width && top + 8 <= height && !(((uint64_t)plane | (unsigned)pitch) & 7);
    UNROLL for (int i = 0; i < 8; ++i) {
        if (whole) {
            uint64_t eight = *(const uint64_t*)(plane + (long long)(top + i) * pitch + left);
            UNROLL for (int j = 0; j < 8; ++j) d[i * 8 + j] = (float)(int)(eight >> (8 * j) & 255) - 128.0f;
        } else {
            UNROLL for (int j = 0; j < 8; ++j)
                d[i * 8 + j] = level(plane, pitch, clamped(top + i, 0, height - 1), clamped(left + j, 0, width - 1));
        }
    }
}

// Each thread transforms a block. `scales` [qualities, 2, 64]: what coefficients are multiplied by, for luma and chroma.
// Writes `coefficients` [blocks, 64] in zigzag order, and in `masks` [blocks] a bit for each that isn't 0.
KERNEL jpeg_transform(const JpegPicture* pictures, const float* scales, short* coefficients, uint64_t* masks) {
    const int zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
                            41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
                            30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};
    const JpegPicture& p = pictures[blockIdx.y];
    EACH_THREAD(t) {
        int block = blockIdx.x * THREADS + t;
        if (block >= p.columns * p.rows * BLOCKS_A_MCU) continue;
        int mcu = block / BLOCKS_A_MCU, which = block % BLOCKS_A_MCU;
        int column = mcu % p.columns, row = mcu / p.columns;
        float d[64];
        if (which < 4)
            load_block((const uint8_t*)p.y, p.y_pitch, p.width, p.height, column * 16 + (which & 1) * 8,
                       row * 16 + (which >> 1) * 8, d);
        else
            load_block((const uint8_t*)(which == 4 ? p.u : p.v), p.c_pitch, p.width / 2, p.height / 2, column * 8, row * 8, d);
        UNROLL for (int i = 0; i < 8; ++i) dct(d + i * 8, 1);
        UNROLL for (int j = 0; j < 8; ++j) dct(d + j, 8);
        const float* scale = scales + (p.quality * 2 + (which >= 4)) * 64;
        long long at = p.first_block + block;
        unsigned* pairs = (unsigned*)(coefficients + at * 64);
        uint64_t mask = 0;
        UNROLL for (int i = 0; i < 64; i += 2) {
            int low = quantised(d[zigzag[i]], scale[zigzag[i]], i ? 1023 : 1024);
            int high = quantised(d[zigzag[i + 1]], scale[zigzag[i + 1]], 1023);
            pairs[i / 2] = (unsigned)(low & 0xffff) | (unsigned)high << 16;
            mask |= (uint64_t)(low != 0) << i | (uint64_t)(high != 0) << (i + 1);
        }
        masks[at] = mask;
    }
}

DEVICE int bits_of(int value) {
    int bits = 0;
    for (unsigned rest = (unsigned)(value < 0 ? -value : value); rest; rest >>= 1) ++bits;
    return bits;
}

// Writes bits from a place in `words` on, the first bit of a word being its highest. Words may be shared at both ends.
struct Writer {
    unsigned* word;
    uint64_t held;
    int count;
    bool shared;

    DEVICE_MEMBER void put(unsigned value, int bits) {
        held = held << bits | value;
        count += bits;
        if (count < 32) return;
        count -= 32;
        unsigned full = (unsigned)(held >> count);
        if (shared) atomicOr(word, full);
        else *word = full;
        shared = false;
        ++word;
    }
    DEVICE_MEMBER void end() {
        if (count) atomicOr(word, (unsigned)(held << (32 - count)));
    }
};

// Counts bits.
struct Counter {
    int count;
    DEVICE_MEMBER void put(unsigned, int bits) { count += bits; }
};

// A block's code. `codes` is a code's length << 16 | the code: of the sizes of DC differences, then of the run and size
// of each other coefficient. A value of s bits goes in as itself, or one less than its last s bits where it is negative.
template <typename Sink>
DEVICE void code_block(const short* coefficients, uint64_t mask, int before, const unsigned* codes, Sink& sink) {
    int difference = coefficients[0] - before, size = bits_of(difference);
    unsigned code = codes[size];
    sink.put(code & 0xffff, code >> 16);
    sink.put((unsigned)(difference < 0 ? difference - 1 : difference) & ((1u << size) - 1), size);
    int last = 0;
    for (uint64_t rest = mask & ~(uint64_t)1; rest; rest &= rest - 1) {
        int at = lowest_bit(rest), value = coefficients[at];
        int run = at - last - 1;
        last = at;
        for (; run > 15; run -= 16) sink.put(codes[DC_CODES + 0xf0] & 0xffff, codes[DC_CODES + 0xf0] >> 16);
        size = bits_of(value);
        code = codes[DC_CODES + (run << 4 | size)];
        sink.put((code & 0xffff) << size | ((unsigned)(value < 0 ? value - 1 : value) & ((1u << size) - 1)),
                 (int)(code >> 16) + size);
    }
    if (last < 63) sink.put(codes[DC_CODES] & 0xffff, codes[DC_CODES] >> 16);
}

// The DC level that a segment's block is coded in difference to: that of the block before it in the same plane.
DEVICE int level_before(const short* coefficients, int block) {
    int which = block % BLOCKS_A_MCU;
    int before = which == 0 ? block - 3 : which < 4 ? block - 1 : block - BLOCKS_A_MCU;
    return before < 0 ? 0 : coefficients[(long long)before * 64];
}

// `sums` of all threads to sums of a thread's own and those before it.
#define SCAN(sums)                                                                      \
    for (int step = 1; step < THREADS; step *= 2) {                                     \
        EACH_THREAD(t) { moved[OWN(t)] = t >= step ? sums[t - step] : 0; }              \
        SYNC();                                                                         \
        EACH_THREAD(t) { sums[t] += moved[OWN(t)]; }                                    \
        SYNC();                                                                         \
    }

DEVICE int byte_at(const unsigned* words, int index) { return (int)(fresh(words + index / 4) >> (24 - index % 4 * 8) & 255); }

DEVICE int stuffed(const unsigned* words, int first, int end) {
    int found = 0;
    for (int i = first; i < end; ++i) found += byte_at(words, i) == 255;
    return found;
}

// A segment's code, not yet stuffed, into `words`; `lengths` [segments] is told its bytes, `sizes` what it takes in the end.
KERNEL jpeg_encode(const JpegPicture* pictures, const short* coefficients, const uint64_t* masks, const unsigned* codes,
                   unsigned* words, int* lengths, int* sizes) {
    SHARED unsigned own_codes[2 * CODES];
    SHARED int starts[MOST_BLOCKS];
    SHARED int sums[THREADS];
    KEPT(int, moved);
    const JpegPicture& p = pictures[blockIdx.y];
    if (blockIdx.x >= p.rows) return;
    int blocks = p.columns * BLOCKS_A_MCU, share = (blocks + THREADS - 1) / THREADS;
    long long first = p.first_block + (long long)blockIdx.x * blocks;
    coefficients += first * 64;
    masks += first;
    words += first * WORDS_A_BLOCK;
    EACH_THREAD(t) {
        for (int i = t; i < 2 * CODES; i += THREADS) own_codes[i] = codes[i];
    }
    SYNC();
    EACH_THREAD(t) {
        for (int b = t; b < blocks; b += THREADS) {
            Counter counter = {0};
            const unsigned* table = own_codes + (b % BLOCKS_A_MCU >= 4 ? CODES : 0);
            code_block(coefficients + b * 64, masks[b], level_before(coefficients, b), table, counter);
            starts[b] = counter.count;
        }
    }
    SYNC();
    EACH_THREAD(t) {
        sums[t] = 0;
        for (int b = t * share; b < (t + 1) * share && b < blocks; ++b) sums[t] += starts[b];
    }
    SYNC();
    SCAN(sums);
    int bits = sums[THREADS - 1], bytes = (bits + 7) / 8;
    EACH_THREAD(t) {
        int at = t ? sums[t - 1] : 0;
        for (int b = t * share; b < (t + 1) * share && b < blocks; ++b) {
            int length = starts[b];
            starts[b] = at;
            at += length;
        }
        for (int i = t; i < (bytes + 3) / 4; i += THREADS) words[i] = 0;
    }
    SYNC();
    EACH_THREAD(t) {
        for (int b = t; b < blocks; b += THREADS) {
            Writer writer = {words + starts[b] / 32, 0, starts[b] % 32, true};
            const unsigned* table = own_codes + (b % BLOCKS_A_MCU >= 4 ? CODES : 0);
            code_block(coefficients + b * 64, masks[b], level_before(coefficients, b), table, writer);
            writer.end();
        }
        // The last byte is filled up with ones.
        if (t == 0 && bits % 8) atomicOr(&words[bits / 32], ((1u << (8 - bits % 8)) - 1) << (24 - bits % 32 / 8 * 8));
    }
    SYNC();
    EACH_THREAD(t) {
        int part = (bytes + THREADS - 1) / THREADS, begin = t * part;
        sums[t] = stuffed(words, begin, begin + part < bytes ? begin + part : bytes);
    }
    SYNC();
    SCAN(sums);
    EACH_THREAD(t) {
        if (t == 0) {
            lengths[p.first_segment + blockIdx.x] = bytes;
            sizes[p.first_segment + blockIdx.x] = bytes + sums[THREADS - 1] + 2;
        }
    }
}

// Headers and segments, stuffed and with their markers, one JPEG after the other into `out`. `starts` [pictures + 1] is told
// where each begins. Where they take more than `room` nothing behind it is written: `starts` says how much is wanted.
KERNEL jpeg_gather(const JpegPicture* pictures, const unsigned* words, const int* lengths, const int* sizes,
                   const uint8_t* headers, int room, uint8_t* out, int* starts) {
    SHARED int sums[THREADS];
    KEPT(int, moved);
    const JpegPicture& p = pictures[blockIdx.y];
    if (blockIdx.x >= p.rows) return;
    int blocks = p.columns * BLOCKS_A_MCU, segment = p.first_segment + blockIdx.x;
    words += (p.first_block + (long long)blockIdx.x * blocks) * WORDS_A_BLOCK;
    EACH_THREAD(t) {
        sums[t] = 0;
        for (int s = t; s < segment; s += THREADS) sums[t] += sizes[s];
    }
    SYNC();
    SCAN(sums);
    int target = sums[THREADS - 1] + p.headers_through, bytes = lengths[segment], size = sizes[segment];
    int part = (bytes + THREADS - 1) / THREADS;
    SYNC();
    EACH_THREAD(t) {
        if (t == 0 && blockIdx.x == 0) starts[blockIdx.y] = target - p.header_size;
        if (t == 0 && blockIdx.x == p.rows - 1) starts[blockIdx.y + 1] = target + size;
        int begin = t * part;
        sums[t] = stuffed(words, begin, begin + part < bytes ? begin + part : bytes);
    }
    if (target + size > room) return;  // for the whole block
    SYNC();
    SCAN(sums);
    EACH_THREAD(t) {
        if (blockIdx.x == 0)
            for (int i = t; i < p.header_size; i += THREADS) out[target - p.header_size + i] = headers[p.header + i];
        int begin = t * part;
        uint8_t* to = out + target + begin + (t ? sums[t - 1] : 0);
        for (int i = begin; i < begin + part && i < bytes; ++i) {
            int byte = byte_at(words, i);
            *to++ = (uint8_t)byte;
            if (byte == 255) *to++ = 0;
        }
        if (t == 0) {
            out[target + size - 2] = 255;
            out[target + size - 1] = (uint8_t)(blockIdx.x == p.rows - 1 ? 0xd9 : 0xd0 + blockIdx.x % 8);
        }
    }
}
