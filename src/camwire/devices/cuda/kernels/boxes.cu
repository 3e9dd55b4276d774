// A detection head's output to boxes: the best class of every anchor, then non-maximum suppression of the best anchors.
#include "common.cuh"

#ifndef CAMWIRE_HOST
#include <cuda_fp16.h>
DEVICE float number(half value) { return __half2float(value); }
#endif
DEVICE float number(float value) { return value; }

// `head` is [batch, 4 + classes, anchors], its rows centre x, centre y, width, height and the classes' scores.
// `thresholds` is [batch, classes]. best[n, a] is the anchor's highest score among classes that reach their threshold,
// 0 where none does, not a number where any score is none.
template <typename Number>
DEVICE void best_classes(const Number* head, const float* thresholds, int classes, int anchors, float* best, int* which) {
    EACH_THREAD(t) {
        int anchor = blockIdx.x * THREADS + t;
        if (anchor >= anchors) continue;
        const Number* scores = head + ((long long)blockIdx.y * (4 + classes) + 4) * anchors + anchor;
        const float* least = thresholds + blockIdx.y * classes;
        float most = 0.0f, nonsense = 0.0f;
        int found = 0;
        for (int c = 0; c < classes; ++c) {
            float score = number(scores[(long long)c * anchors]);
            nonsense += score - score;
            if (score > most && score >= least[c]) { most = score; found = c; }
        }
        long long at = (long long)blockIdx.y * anchors + anchor;
        best[at] = most + nonsense;
        which[at] = found;
    }
}

KERNEL best_classes_float(const float* head, const float* thresholds, int classes, int anchors, float* best, int* which) {
    best_classes(head, thresholds, classes, anchors, best, which);
}

constexpr int MOST_CANDIDATES = 1024;
constexpr int MASKS = MOST_CANDIDATES / 32;
constexpr int DIGITS = 256;
constexpr int KEY_BITS = 48;

// Keys order anchors: by score downwards, then by anchor upwards. No two are equal; 0 stands for no candidate.
DEVICE uint64_t key_of(float score, int anchor) {
    return score > 0.0f ? (uint64_t)__float_as_uint(score) << 16 | (uint64_t)(0xffff - anchor) : 0;
}
DEVICE float score_of(uint64_t key) {
    unsigned bits = (unsigned)(key >> 16);
    return __uint_as_float(bits);
}
DEVICE int anchor_of(uint64_t key) { return 0xffff - (int)(key & 0xffff); }

struct Selection {
    uint64_t keys[MOST_CANDIDATES];
    int histogram[DIGITS];
    uint64_t least;  // of the keys that are taken
    int missing, count;
    int nonsense;  // scores that are no numbers
};

// The key of the candidate-th best anchor, found digit by digit from the top; 1 where there are fewer anchors.
DEVICE void find_least(Selection& s, const float* scores, int anchors, int candidates) {
    EACH_THREAD(t) {
        if (t == 0) { s.count = 0; s.nonsense = 0; s.least = 0; s.missing = candidates; }
    }
    SYNC();
    EACH_THREAD(t) {
        int own = 0, nonsense = 0;
        for (int a = t; a < anchors; a += THREADS) {
            own += scores[a] > 0.0f;
            nonsense += scores[a] != scores[a];
        }
        atomicAdd(&s.count, own);
        if (nonsense) atomicAdd(&s.nonsense, nonsense);
    }
    SYNC();
    if (s.count <= candidates) {  // the same for every thread
        SYNC();
        EACH_THREAD(t) { if (t == 0) s.least = 1; }
        SYNC();
        return;
    }
    for (int shift = KEY_BITS - 8; shift >= 0; shift -= 8) {
        EACH_THREAD(t) { for (int d = t; d < DIGITS; d += THREADS) s.histogram[d] = 0; }
        SYNC();
        EACH_THREAD(t) {
            for (int a = t; a < anchors; a += THREADS) {
                uint64_t key = key_of(scores[a], a);
                if (key && key >> (shift + 8) == s.least) atomicAdd(&s.histogram[key >> shift & 255], 1);
            }
        }
        SYNC();
        EACH_THREAD(t) {
            if (t == 0) {
                int digit = DIGITS - 1;
                for (; digit > 0 && s.histogram[digit] < s.missing; --digit) s.missing -= s.histogram[digit];
                s.least = s.least << 8 | (uint64_t)digit;
            }
        }
        SYNC();
    }
}

// Bitonic sort, falling; `length` is a power of two.
DEVICE void sort_keys(uint64_t* keys, int length) {
    for (int run = 2; run <= length; run *= 2) {
        for (int step = run / 2; step > 0; step /= 2) {
            EACH_THREAD(t) {
                for (int i = t; i < length; i += THREADS) {
                    int other = i ^ step;
                    if (other <= i) continue;
                    bool falling = !(i & run);
                    if ((keys[i] < keys[other]) == falling) {
                        uint64_t key = keys[i];
                        keys[i] = keys[other];
                        keys[other] = key;
                    }
                }
            }
            SYNC();
        }
    }
}

// The best candidates' keys, falling; their number is in `count`.
DEVICE void select(Selection& s, const float* scores, int anchors, int candidates) {
    find_least(s, scores, anchors, candidates);
    EACH_THREAD(t) { if (t == 0) s.count = 0; }
    SYNC();
    EACH_THREAD(t) {
        for (int a = t; a < anchors; a += THREADS) {
            uint64_t key = key_of(scores[a], a);
            if (key >= s.least) s.keys[atomicAdd(&s.count, 1)] = key;
        }
    }
    SYNC();
    int length = 2;
    while (length < s.count) length *= 2;
    EACH_THREAD(t) { for (int i = s.count + t; i < length; i += THREADS) s.keys[i] = 0; }
    SYNC();
    sort_keys(s.keys, length);
}

// One block a frame. `scores` [batch, anchors] are those of best_classes, `which` its classes. Of the `candidates` best
// anchors one stays when its overlap (intersection over union) with every better one of its class that stays is at most
// `overlaps` [batch, classes]. The first `most` that stay become rows x1, y1, x2, y2, score, class of `boxes` [batch,
// most, 6], corners clipped to width x height; `counts` tells how many stayed, which may be more, and is -1 for a frame
// with scores that are no numbers.
template <typename Number>
DEVICE void suppress(const Number* head, const float* scores, const int* which, int classes, int anchors, int candidates,
                     int most, const float* overlaps, float width, float height, float* boxes, int* counts) {
    SHARED Selection selection;
    SHARED float corners[4][MOST_CANDIDATES];
    SHARED int kinds[MOST_CANDIDATES];
    SHARED unsigned gone[MASKS];
    select(selection, scores + (long long)blockIdx.x * anchors, anchors, candidates);
    int valid = selection.count;
    EACH_THREAD(t) {
        const Number* own = head + (long long)blockIdx.x * (4 + classes) * anchors;
        for (int word = t; word < MASKS; word += THREADS) gone[word] = 0;
        for (int i = t; i < valid; i += THREADS) {
            int anchor = anchor_of(selection.keys[i]);
            float x = number(own[anchor]), y = number(own[anchors + anchor]);
            float w = number(own[2 * anchors + anchor]) * 0.5f, h = number(own[3 * anchors + anchor]) * 0.5f;
            corners[0][i] = clamped(x - w, 0.0f, width);
            corners[1][i] = clamped(y - h, 0.0f, height);
            corners[2][i] = clamped(x + w, 0.0f, width);
            corners[3][i] = clamped(y + h, 0.0f, height);
            kinds[i] = which[(long long)blockIdx.x * anchors + anchor];
        }
    }
    SYNC();
    for (int i = 0; i + 1 < valid; ++i) {
        if (gone[i / 32] >> i % 32 & 1) continue;  // the same for every thread
        EACH_THREAD(t) {
            float area = (corners[2][i] - corners[0][i]) * (corners[3][i] - corners[1][i]);
            float overlap = overlaps[(long long)blockIdx.x * classes + kinds[i]];
            for (int j = i + 1 + t; j < valid; j += THREADS) {
                if (kinds[j] != kinds[i]) continue;
                float w = fminf(corners[2][i], corners[2][j]) - fmaxf(corners[0][i], corners[0][j]);
                float h = fminf(corners[3][i], corners[3][j]) - fmaxf(corners[1][i], corners[1][j]);
                if (w <= 0.0f || h <= 0.0f) continue;
                float both = area + (corners[2][j] - corners[0][j]) * (corners[3][j] - corners[1][j]) - w * h;
                if (w * h > overlap * both) atomicOr(&gone[j / 32], 1u << j % 32);
            }
        }
        SYNC();
    }
    EACH_THREAD(t) {
        for (int i = t; i < valid; i += THREADS) {
            if (gone[i / 32] >> i % 32 & 1) continue;
            int rank = i;
            for (int word = 0; word < i / 32; ++word) rank -= __popc(gone[word]);
            rank -= __popc(gone[i / 32] & ((1u << i % 32) - 1));
            if (rank >= most) continue;
            float* target = boxes + ((long long)blockIdx.x * most + rank) * 6;
            for (int side = 0; side < 4; ++side) target[side] = corners[side][i];
            target[4] = score_of(selection.keys[i]);
            target[5] = (float)kinds[i];
        }
        if (t == 0) {
            int stay = valid;
            for (int word = 0; word < MASKS; ++word) stay -= __popc(gone[word]);
            counts[blockIdx.x] = selection.nonsense ? -1 : stay;
        }
    }
}

KERNEL suppress_float(const float* head, const float* scores, const int* which, int classes, int anchors, int candidates,
                      int most, const float* overlaps, float width, float height, float* boxes, int* counts) {
    suppress(head, scores, which, classes, anchors, candidates, most, overlaps, width, height, boxes, counts);
}

#ifndef CAMWIRE_HOST
KERNEL best_classes_half(const half* head, const float* thresholds, int classes, int anchors, float* best, int* which) {
    best_classes(head, thresholds, classes, anchors, best, which);
}

KERNEL suppress_half(const half* head, const float* scores, const int* which, int classes, int anchors, int candidates,
                     int most, const float* overlaps, float width, float height, float* boxes, int* counts) {
    suppress(head, scores, which, classes, anchors, candidates, most, overlaps, width, height, boxes, counts);
}
#endif
