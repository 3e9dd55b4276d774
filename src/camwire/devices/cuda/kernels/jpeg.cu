// A batch of 4:2:0 pictures to baseline JPEGs (ITU-T T.81) in two launches: encode, gather.
//
// A picture is coded in segments of one row of MCUs (16x16 pixels: four blocks of luma, one of each chroma), with a
// restart marker behind each, so that segments know nothing of each other and are coded side by side. What lies between
// pixels and code stays within the processor: a thread transforms a block of 8x8 into its own column of shared memory,
// codes it there, and, when all threads' bits are counted, appends it to the segment.
#include "common.cuh"
#include "transform.cuh"
#include "huffman.cuh"

struct alignas(16) FourWords { unsigned word[4]; };

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
