// A batch of 4:2:0 pictures to baseline JPEGs (ITU-T T.81) in two launches: encode, gather.
//
// A picture is coded in segments of one row of MCUs (16x16 pixels: four blocks of luma, one of each chroma), with a
// restart marker behind each, so that segments know nothing of each other and are coded side by side. What lies between
// pixels and code stays within the processor: a thread transforms a block of 8x8 into its own column of shared memory,
// codes it there, and, when all threads' bits are counted, appends it to the segment.
#include "common.cuh"

constexpr int BLOCKS_A_MCU = 6;
// MCUs that 256 threads take at a time; the first warps have luma alone, the others chroma, which is coded much sooner.
constexpr int MCUS = 40;
constexpr int LUMA_THREADS = MCUS * 4;
static_assert(MCUS * BLOCKS_A_MCU <= THREADS && LUMA_THREADS % 32 == 0, "a thread a block of 8x8, no warp of both kinds");
// Room for a block's code, in words of 32 bits: 64 samples of -128 to 127 haven't the energy for more (a test counts it out).
constexpr int WORDS_A_BLOCK = 40;
// Coefficients lie two in a word at the end of that room: code written from its beginning on doesn't catch up with
// those still to be read (the test counts that, too).
constexpr int COEFFICIENTS_FROM = WORDS_A_BLOCK - 32;
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

struct alignas(16) Scales { float of[64]; };
struct alignas(16) FourWords { unsigned word[4]; };

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

DEVICE int bits_of(int value) { return 32 - __clz(value < 0 ? -value : value); }

// A value of so many bits goes in as itself, or one less than its last bits where it is negative.
DEVICE unsigned last_bits(int value, int bits) { return (unsigned)(value + (value >> 31)) & ((1u << bits) - 1); }

// Writes bits to words of shared memory THREADS apart, the first bit of a word being its highest.
struct Writer {
    unsigned* words;
    int at, count;
    uint64_t held;

    DEVICE_MEMBER void put(unsigned value, int bits) {  // 32 bits at most
        held = held << bits | value;
        count += bits;
        if (count < 32) return;
        count -= 32;
        words[at] = (unsigned)(held >> count);
        at += THREADS;
    }
    DEVICE_MEMBER int end() {
        if (count) words[at] = (unsigned)(held << (32 - count));
        return at / THREADS * 32 + count;
    }
};

// Codes a block in the thread's `column` of shared memory, over its own coefficients; returns how many bits that takes.
// `rest` is what `transform` returned. `codes` is a code's length << 16 | the code: of the sizes of DC differences, then of
// the run and size of each other coefficient.
DEVICE int code_block(unsigned* column, uint64_t rest, int difference, const unsigned* codes) {
    Writer writer = {column, 0, 0, 0};
    int size = bits_of(difference), last = 0;
    unsigned code = codes[size];
    writer.put((code & 0xffff) << size | last_bits(difference, size), (int)(code >> 16) + size);
    while (rest) {
        int run = __clzll((long long)rest);
        rest <<= run + 1;
        last += run + 1;
        for (; run > 15; run -= 16) writer.put(codes[DC_CODES + 0xf0] & 0xffff, (int)(codes[DC_CODES + 0xf0] >> 16));
        int value = (short)(column[(COEFFICIENTS_FROM + last / 2) * THREADS] >> last % 2 * 16);
        size = bits_of(value);
        code = codes[DC_CODES + (run << 4 | size)];
        writer.put((code & 0xffff) << size | last_bits(value, size), (int)(code >> 16) + size);
    }
    if (last < 63) writer.put(codes[DC_CODES] & 0xffff, (int)(codes[DC_CODES] >> 16));
    return writer.end();
}

// Puts `length` bits of a column into `words` from bit `start` on. The first and last word are others', too, and begin as zeros.
DEVICE void append(const unsigned* column, int length, unsigned* words, int start) {
    int shift = start % 32, last = (shift + length - 1) / 32;
    words += start / 32;
    uint64_t held = 0;
    for (int i = 0; i <= last; ++i) {
        held = held << 32 | (i * 32 < length ? column[i * THREADS] : 0);
        unsigned full = (unsigned)(held >> shift);
        if (i == 0 || i == last) atomicOr(words + i, full);
        else words[i] = full;
    }
}

// What all threads put into the first row becomes the sum of that and of what the threads before put there.
DEVICE void scan(int (*sums)[THREADS]) {
    static_assert(THREADS == 256, "four steps: the sums end in the first row");
    for (int step = 1, from = 0; step < THREADS; step *= 4, from ^= 1) {
        EACH_THREAD(t) {
            int sum = sums[from][t];
            UNROLL for (int back = 1; back < 4; ++back)
                if (t >= back * step) sum += sums[from][t - back * step];
            sums[from ^ 1][t] = sum;
        }
        SYNC();
    }
}

// How many of a word's bytes are 255.
DEVICE int full_bytes(unsigned word) {
    unsigned halves = word & word >> 4, quarters = halves & halves >> 2;
    return __popc(quarters & quarters >> 1 & 0x01010101);
}

// A segment's code, not yet stuffed, into `words`; `lengths` [segments] is told its bytes, `sizes` what it takes in the end.
// `scales` [qualities, 2]: what coefficients are multiplied by, for luma and chroma.
CROWDED_KERNEL(3) jpeg_encode(const JpegPicture* pictures, const Scales* scales, const unsigned* codes, unsigned* words,
                              int* lengths, int* sizes) {
    SHARED unsigned columns[WORDS_A_BLOCK][THREADS];
    SHARED unsigned own_codes[2 * CODES];
    SHARED Scales own_scales[2];
    SHARED int first[(MCUS + 1) * BLOCKS_A_MCU];  // blocks' first coefficients; those of the MCU before lie before them
    SHARED int sums[2][THREADS];
    SHARED int stuffing;
    KEPT(uint64_t, masks);
    const JpegPicture& p = pictures[blockIdx.y];
    if (blockIdx.x >= p.rows) return;
    words += (p.first_block + (long long)blockIdx.x * p.columns * BLOCKS_A_MCU) * WORDS_A_BLOCK;
    EACH_THREAD(t) {
        for (int i = t; i < 2 * CODES; i += THREADS) own_codes[i] = codes[i];
        if (t < 128) own_scales[t / 64].of[t % 64] = scales[p.quality * 2 + t / 64].of[t % 64];
        if (t < BLOCKS_A_MCU) first[t] = 0;
        if (t == 0) stuffing = 0;
    }
    SYNC();
    int bits = 0;
    for (int column = 0; column < p.columns; column += MCUS) {
        int mcus = p.columns - column < MCUS ? p.columns - column : MCUS, blocks = mcus * BLOCKS_A_MCU;
        EACH_THREAD(t) {
            Place place = place_of(t);
            if (place.mcu < mcus && place.which < BLOCKS_A_MCU)
                masks[OWN(t)] = transform(p, place, column + place.mcu, blockIdx.x, own_scales[place.chroma()],
                                          &columns[COEFFICIENTS_FROM][t], first[BLOCKS_A_MCU + place.block()]);
        }
        SYNC();
        EACH_THREAD(t) {
            Place place = place_of(t);
            if (t >= blocks) sums[0][t] = 0;
            if (place.mcu < mcus && place.which < BLOCKS_A_MCU) {
                // The block before it in the same plane; for luma that is the next one in the same MCU or the last of another.
                const int* own = &first[BLOCKS_A_MCU + place.block()];
                int before = own[place.chroma() ? -BLOCKS_A_MCU : place.which ? -1 : -3];
                sums[0][place.block()] =
                    code_block(&columns[0][t], masks[OWN(t)], *own - before, own_codes + place.chroma() * CODES);
            }
        }
        SYNC();
        scan(sums);
        int through = bits + sums[0][THREADS - 1];
        EACH_THREAD(t) {
            for (int i = (bits + 31) / 32 + t; i < (through + 31) / 32; i += THREADS) words[i] = 0;
            if (t < BLOCKS_A_MCU) first[t] = first[blocks + t];
        }
        SYNC();
        EACH_THREAD(t) {
            Place place = place_of(t);
            if (place.mcu < mcus && place.which < BLOCKS_A_MCU) {
                int block = place.block(), start = block ? sums[0][block - 1] : 0;
                append(&columns[0][t], sums[0][block] - start, words, bits + start);
            }
        }
        bits = through;
    }
    int bytes = (bits + 7) / 8;
    EACH_THREAD(t) {
        // The last byte is filled up with ones.
        if (t == 0 && bits % 8) atomicOr(&words[bits / 32], ((1u << (8 - bits % 8)) - 1) << (24 - bits % 32 / 8 * 8));
    }
    SYNC();
    EACH_THREAD(t) {
        int found = 0;
        for (int i = t; i < (bytes + 3) / 4; i += THREADS) found += full_bytes(fresh(words + i));
        if (found) atomicAdd(&stuffing, found);
    }
    SYNC();
    EACH_THREAD(t) {
        if (t == 0) {
            lengths[p.first_segment + blockIdx.x] = bytes;
            sizes[p.first_segment + blockIdx.x] = bytes + stuffing + 2;
        }
    }
}

constexpr int BYTES_A_THREAD = sizeof(FourWords), TILE = THREADS * BYTES_A_THREAD;  // of code that is stuffed at a time

// Bytes of `own` from its first on, each 255 with a 0 behind it.
DEVICE void stuff(const FourWords& own, int count, uint8_t* to) {
    UNROLL for (int i = 0; i < BYTES_A_THREAD; ++i) {
        if (i >= count) break;
        unsigned byte = own.word[i / 4] >> (24 - i % 4 * 8) & 255;
        *to++ = (uint8_t)byte;
        if (byte == 255) *to++ = 0;
    }
}

// Headers and segments, stuffed and with their markers, one JPEG after the other into `out`. `starts` [pictures + 1] is told
// where each begins. Where they take more than `room` nothing behind it is written: `starts` says how much is wanted.
KERNEL jpeg_gather(const JpegPicture* pictures, const unsigned* words, const int* lengths, const int* sizes,
                   const uint8_t* headers, int room, uint8_t* out, int* starts) {
    SHARED int sums[2][THREADS];
    SHARED FourWords stage[1 + 2 * TILE / 16];
    KEPT(FourWords, own);
    const JpegPicture& p = pictures[blockIdx.y];
    if (blockIdx.x >= p.rows) return;
    int segment = p.first_segment + blockIdx.x;
    words += (p.first_block + (long long)blockIdx.x * p.columns * BLOCKS_A_MCU) * WORDS_A_BLOCK;
    EACH_THREAD(t) {
        int sum = 0;
        for (int s = t; s < segment; s += THREADS) sum += sizes[s];
        sums[0][t] = sum;
    }
    SYNC();
    scan(sums);
    int target = sums[0][THREADS - 1] + p.headers_through, bytes = lengths[segment], end = target + sizes[segment];
    bool last = blockIdx.x == p.rows - 1;
    SYNC();
    EACH_THREAD(t) {
        if (t == 0 && blockIdx.x == 0) starts[blockIdx.y] = target - p.header_size;
        if (t == 0 && last) starts[blockIdx.y + 1] = end;
    }
    if (end > room) return;  // for the whole block
    EACH_THREAD(t) {
        if (blockIdx.x == 0)
            for (int i = t; i < p.header_size; i += THREADS) out[target - p.header_size + i] = headers[p.header + i];
        if (t == 0) {
            out[end - 2] = 255;
            out[end - 1] = (uint8_t)(last ? 0xd9 : 0xd0 + blockIdx.x % 8);
        }
    }
    for (int begin = 0; begin < bytes; begin += TILE) {
        EACH_THREAD(t) {
            int count = clamped(bytes - begin - t * BYTES_A_THREAD, 0, BYTES_A_THREAD);
            sums[0][t] = count;
            if (count) own[OWN(t)] = ((const FourWords*)words)[begin / BYTES_A_THREAD + t];
            UNROLL for (int i = 0; i < 4; ++i)
                if (i * 4 < count) sums[0][t] += full_bytes(own[OWN(t)].word[i]);
        }
        SYNC();
        scan(sums);
        // The stage lies to words of 16 bytes as `out` does, so that whole ones can be copied.
        int skew = (int)((uint64_t)(out + target) & 15), filled = skew + sums[0][THREADS - 1];
        EACH_THREAD(t) {
            int count = clamped(bytes - begin - t * BYTES_A_THREAD, 0, BYTES_A_THREAD);
            stuff(own[OWN(t)], count, (uint8_t*)stage + skew + (t ? sums[0][t - 1] : 0));
        }
        SYNC();
        EACH_THREAD(t) {
            uint8_t* to = out + target - skew;
            for (int i = t; i * 16 < filled; i += THREADS) {
                if (i * 16 >= skew && i * 16 + 16 <= filled) {
                    ((FourWords*)to)[i] = stage[i];
                } else {
                    for (int byte = i * 16; byte < i * 16 + 16; ++byte)
                        if (byte >= skew && byte < filled) to[byte] = ((const uint8_t*)stage)[byte];
                }
            }
        }
        target += filled - skew;
    }
}
