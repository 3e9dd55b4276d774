// A block's coefficients to code, by one thread in its column of shared memory: words that are THREADS apart.
#pragma once

// Room for a block's code, in words of 32 bits: 64 samples of -128 to 127 haven't the energy for more (a test counts it out).
constexpr int WORDS_A_BLOCK = 40;
// Coefficients lie two in a word at the end of that room: code written from its beginning on doesn't catch up with
// those still to be read (the test counts that, too).
constexpr int COEFFICIENTS_FROM = WORDS_A_BLOCK - 32;
constexpr int DC_CODES = 12, AC_CODES = 256, CODES = DC_CODES + AC_CODES;

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
