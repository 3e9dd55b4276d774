// What the kernels share: how a decoded surface is described and sampled, and how a block's work is written.
//
// The kernels are plain C++ but for the launch. With CAMWIRE_HOST defined a C++ compiler builds them for the CPU,
// one thread after the other, so that their arithmetic is tested on machines without a GPU. To allow that, a block
// works in phases: EACH_THREAD(t) runs for every thread of the block, SYNC() lies between phases, what threads
// share is SHARED, and what one thread keeps from phase to phase is KEPT.
#pragma once

#ifdef CAMWIRE_HOST
#include <cmath>
#include <cstdint>
#define KERNEL extern "C" void
#define CROWDED_KERNEL(blocks) KERNEL
#define DEVICE static inline
#define DEVICE_MEMBER inline
#define UNROLL
#define ROLLED
#define SHARED static thread_local
#define EACH_THREAD(t) for (int t = 0; t < THREADS; ++t)
#define SYNC()
#define KEPT(type, name) static thread_local type name[THREADS]
#define OWN(t) (t)
struct Dim3 { int x, y, z; };
static thread_local Dim3 blockIdx;
extern "C" void set_block(int x, int y, int z) { blockIdx = {x, y, z}; }
static inline void atomicOr(unsigned* word, unsigned bits) { *word |= bits; }
static inline void atomicMax(int* most, int value) { if (value > *most) *most = value; }
static inline int atomicAdd(int* sum, int more) { int before = *sum; *sum += more; return before; }
static inline unsigned __float_as_uint(float value) { unsigned bits; __builtin_memcpy(&bits, &value, 4); return bits; }
static inline float __uint_as_float(unsigned bits) { float value; __builtin_memcpy(&value, &bits, 4); return value; }
static inline int __ffs(unsigned bits) { return __builtin_ffs((int)bits); }
static inline int __clz(int bits) { return bits ? __builtin_clz((unsigned)bits) : 32; }
static inline int __clzll(long long bits) { return bits ? __builtin_clzll((unsigned long long)bits) : 64; }
static inline unsigned __byte_perm(unsigned low, unsigned high, unsigned which) {
    uint64_t bytes = (uint64_t)high << 32 | low;
    unsigned chosen = 0;
    for (int i = 0; i < 4; ++i) chosen |= (unsigned)(bytes >> (which >> 4 * i & 7) * 8 & 255) << 8 * i;
    return chosen;
}
static inline unsigned fresh(const unsigned* word) { return *word; }
static inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
static inline float rounded(float value) { return nearbyintf(value); }
#else
#ifdef __CUDACC_RTC__
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#define INFINITY __int_as_float(0x7f800000)
#else
#include <cstdint>
#endif
#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)
// As few registers a thread as it takes for so many blocks to run on a multiprocessor at once. Turing's takes four.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define CROWDED_KERNEL(blocks) extern "C" __global__ void __launch_bounds__(THREADS, blocks < 4 ? blocks : 4)
#else
#define CROWDED_KERNEL(blocks) extern "C" __global__ void __launch_bounds__(THREADS, blocks)
#endif
#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__
#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")
#define SHARED __shared__
#define EACH_THREAD(t) for (int t = threadIdx.x, once = 1; once; once = 0)
#define SYNC() __syncthreads()
#define KEPT(type, name) type name[1]
#define OWN(t) 0
DEVICE float rounded(float value) { return rintf(value); }
DEVICE unsigned fresh(const unsigned* word) { return __ldcg(word); }  // what other threads' atomics left, not this core's copy
#endif

constexpr int THREADS = 256;

// A decoded picture in device memory: NV12, or P010/P016 where `wide` is set. Mirrors surfaces.SURFACE.
struct Surface {
    uint64_t luma, chroma;            // addresses; chroma is interleaved U, V at half the width and height, rounded up
    int luma_pitch, chroma_pitch;     // bytes a row
    int width, height;                // pixels; width 0: there is no picture
    int wide;                         // samples are 16 bits, the value in the upper ones
    int left, top;                    // the rectangle of the target that the picture fills
    int target_width, target_height;
    int reserved;
    float matrix[12];                 // rows of [3, 4]: 8-bit levels of Y, U, V and 1 to three target channels
};

static_assert(sizeof(Surface) == 104, "surfaces.SURFACE is laid out like this");

DEVICE int clamped(int value, int low, int high) { return value < low ? low : (value > high ? high : value); }
DEVICE float clamped(float value, float low, float high) { return fminf(fmaxf(value, low), high); }

// Where a target pixel's centre lies between two source samples: the lower index and how far towards the next. A step
// is how many source samples a target pixel takes.
struct Between { int low, high; float part; };

DEVICE Between between(int target, float step, int source_side) {
    float position = (target + 0.5f) * step - 0.5f;
    float whole = floorf(position);
    int low = (int)whole;
    return {clamped(low, 0, source_side - 1), clamped(low + 1, 0, source_side - 1), position - whole};
}

DEVICE Between between(int target, int target_side, int source_side) {
    return between(target, (float)source_side / (float)target_side, source_side);
}

DEVICE float mixed(float low, float high, float part) { return low + (high - low) * part; }

// One sample in 8-bit levels. `step` samples lie side by side, `which` of them is wanted.
DEVICE float sample(uint64_t plane, int pitch, int wide, int row, int column, int step, int which) {
    const uint8_t* line = (const uint8_t*)plane + (long long)row * pitch;
    int index = column * step + which;
    return wide ? ((const uint16_t*)line)[index] * (1.0f / 256.0f) : (float)line[index];
}

DEVICE float bilinear(uint64_t plane, int pitch, int wide, Between x, Between y, int step, int which) {
    float top = mixed(sample(plane, pitch, wide, y.low, x.low, step, which),
                      sample(plane, pitch, wide, y.low, x.high, step, which), x.part);
    float bottom = mixed(sample(plane, pitch, wide, y.high, x.low, step, which),
                         sample(plane, pitch, wide, y.high, x.high, step, which), x.part);
    return mixed(top, bottom, y.part);
}
