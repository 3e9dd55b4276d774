// A detection head's output to boxes: the best class of every anchor, then non-maximum suppression of the best anchors.
#include "common.cuh"

#ifndef CAMWIRE_HOST
#include <cuda_fp16.h>
DEVICE float number(half value) { return __half2float(value); }
#endif
DEVICE float number(float value) { return value; }

// `head` is [batch, 4 + classes, anchors], its rows centre x, centre y, width, height and the classes' scores.
// best[n, a] is the anchor's highest score among classes that reach their threshold, 0 where none does.
template <typename Number>
DEVICE void best_classes(const Number* head, const float* thresholds, int classes, int anchors, float* best, int* which) {
    EACH_THREAD(t) {
        int anchor = blockIdx.x * THREADS + t;
        if (anchor >= anchors) continue;
        const Number* scores = head + ((long long)blockIdx.y * (4 + classes) + 4) * anchors + anchor;
        float most = 0.0f;
        int found = 0;
        for (int c = 0; c < classes; ++c) {
            float score = number(scores[(long long)c * anchors]);
            if (score > most && score >= thresholds[c]) { most = score; found = c; }
        }
        long long at = (long long)blockIdx.y * anchors + anchor;
        best[at] = most;
        which[at] = found;
    }
}

KERNEL best_classes_float(const float* head, const float* thresholds, int classes, int anchors, float* best, int* which) {
    best_classes(head, thresholds, classes, anchors, best, which);
}

constexpr int MOST_CANDIDATES = 1024;
constexpr int MASKS = MOST_CANDIDATES / 32;

// One block a frame. `scores` [batch, candidates] falls along a row; `chosen` are their anchors. A candidate stays
// when its overlap (intersection over union) with every better one of its class that stays is at most `overlap`.
// The first `most` that stay become rows x1, y1, x2, y2, score, class of `boxes` [batch, most, 6], corners clipped
// to width x height; `counts` tells how many stayed, which may be more.
template <typename Number>
DEVICE void suppress(const Number* head, const float* scores, const int64_t* chosen, const int* which, int classes,
                     int anchors, int candidates, int most, float overlap, float width, float height, float* boxes,
                     int* counts) {
    SHARED float corners[4][MOST_CANDIDATES];
    SHARED int kinds[MOST_CANDIDATES];
    SHARED unsigned gone[MASKS];
    SHARED int valid;
    const float* row = scores + (long long)blockIdx.x * candidates;
    EACH_THREAD(t) {
        if (t == 0) valid = 0;
        for (int word = t; word < MASKS; word += THREADS) gone[word] = 0;
    }
    SYNC();
    EACH_THREAD(t) {
        const Number* own = head + (long long)blockIdx.x * (4 + classes) * anchors;
        for (int i = t; i < candidates; i += THREADS) {
            if (!(row[i] > 0.0f)) continue;
            if (i + 1 == candidates || !(row[i + 1] > 0.0f)) valid = i + 1;
            int anchor = (int)chosen[(long long)blockIdx.x * candidates + i];
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
            target[4] = row[i];
            target[5] = (float)kinds[i];
        }
        if (t == 0) {
            int stay = valid;
            for (int word = 0; word < MASKS; ++word) stay -= __popc(gone[word]);
            counts[blockIdx.x] = stay;
        }
    }
}

KERNEL suppress_float(const float* head, const float* scores, const int64_t* chosen, const int* which, int classes,
                      int anchors, int candidates, int most, float overlap, float width, float height, float* boxes,
                      int* counts) {
    suppress(head, scores, chosen, which, classes, anchors, candidates, most, overlap, width, height, boxes, counts);
}

#ifndef CAMWIRE_HOST
KERNEL best_classes_half(const half* head, const float* thresholds, int classes, int anchors, float* best, int* which) {
    best_classes(head, thresholds, classes, anchors, best, which);
}

KERNEL suppress_half(const half* head, const float* scores, const int64_t* chosen, const int* which, int classes,
                     int anchors, int candidates, int most, float overlap, float width, float height, float* boxes,
                     int* counts) {
    suppress(head, scores, chosen, which, classes, anchors, candidates, most, overlap, width, height, boxes, counts);
}
#endif
