// Decoded surfaces to a network's input: scaled, letterboxed, coloured and normalised for a whole batch in one launch.
#include "common.cuh"

#ifdef CAMWIRE_HOST
template <typename Word> DEVICE Word read(const uint8_t* at) { return *(const Word*)at; }
#else
#include <cuda_fp16.h>
template <typename Word> DEVICE Word read(const uint8_t* at) { return __ldg((const Word*)at); }
DEVICE void store(half* target, float value) { *target = __float2half_rn(value); }
#endif
DEVICE void store(float* target, float value) { *target = value; }

// Mirrors preprocess.TARGET. The pixel of frame n, channel c, row y, column x lies at n*step[0] + c*step[1] + y*step[2]
// + x*step[3] elements; an 8-bit level L of channel c becomes L * gain[c] + bias[c]; what no picture fills is `bars`.
struct Target {
    int64_t step[4];
    int width, height;
    float gain[3], bias[3];
    float bars;
    int reserved;
};
static_assert(sizeof(Target) == 72, "preprocess.TARGET is laid out like this");

// A block of threads makes a tile of the target; each thread a column's every ROWS_AT_ONCE-th pixel.
constexpr int COLUMNS = 64, ROWS_AT_ONCE = THREADS / COLUMNS, ROWS = 8 * ROWS_AT_ONCE;

// Each plane is stretched over the whole rectangle, as a picture of its own. Between which two of its rows or columns a
// place lies, in bytes from the plane's beginning, and how far it is from the former to the latter.
struct alignas(16) Reach { unsigned low, high; float part; };

DEVICE Reach reach(int target, int target_side, int source_side, int bytes) {
    Between place = between(target, target_side, source_side);
    return {(unsigned)(place.low * bytes), (unsigned)(place.high * bytes), place.part};
}

// Two columns of a plane, and how far a target's column lies from the former to the latter.
struct Column {
    const uint8_t *low, *high;
    float part;
};

DEVICE Column column_at(uint64_t plane, Reach x) {
    return {(const uint8_t*)plane + x.low, (const uint8_t*)plane + x.high, x.part};
}

// Chroma's samples are read two at a time, the first one lowest; NVDEC's rows begin at multiples of that.
template <typename Sample> struct PairOf;
template <> struct PairOf<uint8_t> { typedef uint16_t Word; };
template <> struct PairOf<uint16_t> { typedef unsigned Word; };

// The four samples around a place, or pairs of samples.
template <typename Word> struct Around { Word top[2], bottom[2]; };

template <typename Word>
DEVICE Around<Word> around(const Column& x, const Reach& y) {
    return {{read<Word>(x.low + y.low), read<Word>(x.high + y.low)}, {read<Word>(x.low + y.high), read<Word>(x.high + y.high)}};
}

// The samples that begin `shift` bits above the words' lowest.
template <typename Sample, typename Word>
DEVICE float mixed(const Around<Word>& words, int shift, float across, float down) {
    float top = mixed((float)(Sample)(words.top[0] >> shift), (float)(Sample)(words.top[1] >> shift), across);
    float bottom = mixed((float)(Sample)(words.bottom[0] >> shift), (float)(Sample)(words.bottom[1] >> shift), across);
    return mixed(top, bottom, down);
}

// A thread's pixels of the tile whose first row is `top`. `luma` and `chroma` [ROWS]: where its rows lie in the planes.
template <typename Sample, typename Number>
DEVICE void fill(const Surface& s, const Target& target, Number* out, int column, int top, int first, const Reach* luma,
                 const Reach* chroma) {
    constexpr float LEVEL = sizeof(Sample) == 2 ? 1.0f / 256.0f : 1.0f;
    float matrix[12], gain[3], bias[3], bars[3];
    UNROLL for (int i = 0; i < 12; ++i) matrix[i] = s.matrix[i] * (i % 4 < 3 ? LEVEL : 1.0f);
    UNROLL for (int c = 0; c < 3; ++c) {
        gain[c] = target.gain[c];
        bias[c] = target.bias[c];
        bars[c] = target.bars * gain[c] + bias[c];
    }
    int x = column - s.left, y_end = s.width && x >= 0 && x < s.target_width ? s.target_height : 0;
    Column luma_column = {}, chroma_column = {};
    if (y_end) {
        luma_column = column_at(s.luma, reach(x, s.target_width, s.width, sizeof(Sample)));
        chroma_column = column_at(s.chroma, reach(x, s.target_width, (s.width + 1) / 2, 2 * sizeof(Sample)));
    }
    int64_t to_channel = target.step[1], to_row = target.step[2] * ROWS_AT_ONCE;
    Number* pixel = out + (top + first) * target.step[2] + column * target.step[3];
    int rows = target.height - top < ROWS ? target.height - top : ROWS, y = top - s.top;
    for (int row = first; row < rows; row += ROWS_AT_ONCE, pixel += to_row) {
        float levels[3] = {bars[0], bars[1], bars[2]};
        if (y + row >= 0 && y + row < y_end) {
            // All eight are asked for before any is waited for.
            Reach to_luma = luma[row], to_chroma = chroma[row];
            auto lumas = around<Sample>(luma_column, to_luma);
            auto pairs = around<typename PairOf<Sample>::Word>(chroma_column, to_chroma);
            float l = mixed<Sample>(lumas, 0, luma_column.part, to_luma.part);
            float u = mixed<Sample>(pairs, 0, chroma_column.part, to_chroma.part);
            float v = mixed<Sample>(pairs, 8 * sizeof(Sample), chroma_column.part, to_chroma.part);
            UNROLL for (int c = 0; c < 3; ++c) {
                float level = matrix[4 * c] * l + matrix[4 * c + 1] * u + matrix[4 * c + 2] * v + matrix[4 * c + 3];
                levels[c] = clamped(level, 0.0f, 255.0f) * gain[c] + bias[c];
            }
        }
        UNROLL for (int c = 0; c < 3; ++c) store(pixel + c * to_channel, levels[c]);
    }
}

template <typename Number>
DEVICE void preprocess(const Surface* surfaces, Number* out, const Target& target) {
    SHARED Reach luma[ROWS], chroma[ROWS];
    const Surface& s = surfaces[blockIdx.z];
    out += blockIdx.z * target.step[0];
    int top = blockIdx.y * ROWS;
    EACH_THREAD(t) {
        int y = top + t % ROWS - s.top;
        if (s.width && y >= 0 && y < s.target_height) {
            if (t < ROWS) luma[t] = reach(y, s.target_height, s.height, s.luma_pitch);
            else if (t < 2 * ROWS) chroma[t - ROWS] = reach(y, s.target_height, (s.height + 1) / 2, s.chroma_pitch);
        }
    }
    SYNC();
    EACH_THREAD(t) {
        int column = blockIdx.x * COLUMNS + t % COLUMNS;
        if (column < target.width) {
            if (s.wide) fill<uint16_t>(s, target, out, column, top, t / COLUMNS, luma, chroma);
            else fill<uint8_t>(s, target, out, column, top, t / COLUMNS, luma, chroma);
        }
    }
}

CROWDED_KERNEL(4) preprocess_float(const Surface* surfaces, float* out, const Target* target) {
    preprocess(surfaces, out, *target);
}

#ifndef CAMWIRE_HOST
CROWDED_KERNEL(4) preprocess_half(const Surface* surfaces, half* out, const Target* target) {
    preprocess(surfaces, out, *target);
}
#endif
