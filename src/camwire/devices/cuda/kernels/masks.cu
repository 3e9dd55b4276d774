// Segmentation models' masks: of each object a raster over its box.
#include "common.cuh"
#include "head.cuh"

constexpr int SIDE = 64;  // models/masks.py

// Prototypes: the value of frame n, plane p, row y, column x lies n*step[0] + p*step[1] + y*step[2] + x*step[3] numbers
// behind `start`. Mirrors heads.PROTOTYPES.
struct Prototypes {
    uint64_t start;
    int64_t step[4];
    int planes, height, width, reserved;
};
static_assert(sizeof(Prototypes) == 56, "heads.PROTOTYPES is laid out like this");

// An object: its frame, and its box in pixels of the prototypes. Mirrors heads.MASKED.
struct Masked { int frame; float x1, y1, x2, y2; };

// Pixel i's centre is at i + 0.5; beyond the outermost centres their values go on.
DEVICE Between tap(float first, float last, int cell, int count) {
    float at = clamped(first + (last - first) * ((cell + 0.5f) / SIDE) - 0.5f, 0.0f, count - 1.0f);
    int low = (int)at;
    return {low, low + 1 < count ? low + 1 : low, at - low};
}

// Grid: [cells / THREADS, objects]. `weights` [objects, planes]; `rasters` [objects, SIDE, SIDE] become the sigmoid of the
// weighted sum of prototypes, 0 to 255.
template <typename Number>
DEVICE void mask_rasters(const Prototypes& p, const Masked* objects, const float* weights, uint8_t* rasters) {
    EACH_THREAD(t) {
        int cell = blockIdx.x * THREADS + t;
        const Masked& o = objects[blockIdx.y];
        Between x = tap(o.x1, o.x2, cell % SIDE, p.width), y = tap(o.y1, o.y2, cell / SIDE, p.height);
        const Number* plane = (const Number*)p.start + o.frame * p.step[0];
        float sum = 0.0f;
        for (int k = 0; k < p.planes; ++k, plane += p.step[1]) {
            const Number *top = plane + y.low * p.step[2], *bottom = plane + y.high * p.step[2];
            float above = mixed(number(top[x.low * p.step[3]]), number(top[x.high * p.step[3]]), x.part);
            float below = mixed(number(bottom[x.low * p.step[3]]), number(bottom[x.high * p.step[3]]), x.part);
            sum += weights[(long long)blockIdx.y * p.planes + k] * mixed(above, below, y.part);
        }
        rasters[(long long)blockIdx.y * SIDE * SIDE + cell] = (uint8_t)(127.5f * tanhf(0.5f * sum) + 128.0f);
    }
}

KERNEL mask_rasters_float(const Prototypes* prototypes, const Masked* objects, const float* weights, uint8_t* rasters) {
    mask_rasters<float>(*prototypes, objects, weights, rasters);
}

#ifndef CAMWIRE_HOST
KERNEL mask_rasters_half(const Prototypes* prototypes, const Masked* objects, const float* weights, uint8_t* rasters) {
    mask_rasters<half>(*prototypes, objects, weights, rasters);
}
#endif
