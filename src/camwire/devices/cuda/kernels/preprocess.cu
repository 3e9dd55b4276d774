// Decoded surfaces to a network's input: scaled, letterboxed, coloured and normalised for a whole batch in one launch.
#include "common.cuh"

#ifndef CAMWIRE_HOST
#include <cuda_fp16.h>
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

template <typename Number>
DEVICE void preprocess(const Surface* surfaces, Number* out, const Target& target) {
    EACH_THREAD(t) {
        int index = blockIdx.x * THREADS + t;
        if (index >= target.width * target.height) continue;
        const Surface& s = surfaces[blockIdx.y];
        int column = index % target.width, row = index / target.width;
        int x = column - s.left, y = row - s.top;
        float levels[3] = {target.bars, target.bars, target.bars};
        if (s.width && x >= 0 && y >= 0 && x < s.target_width && y < s.target_height) {
            Yuv from;
            from.y = luma_at(s, x, y, s.target_width, s.target_height);
            chroma_at(s, x, y, s.target_width, s.target_height, from.u, from.v);
            for (int c = 0; c < 3; ++c) levels[c] = clamped(channel(s, c, from), 0.0f, 255.0f);
        }
        Number* pixel = out + blockIdx.y * target.step[0] + row * target.step[2] + column * target.step[3];
        for (int c = 0; c < 3; ++c) store(pixel + c * target.step[1], levels[c] * target.gain[c] + target.bias[c]);
    }
}

KERNEL preprocess_float(const Surface* surfaces, float* out, const Target* target) {
    preprocess(surfaces, out, *target);
}

#ifndef CAMWIRE_HOST
KERNEL preprocess_half(const Surface* surfaces, half* out, const Target* target) {
    preprocess(surfaces, out, *target);
}
#endif
