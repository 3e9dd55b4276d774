// A model's outputs to rows: the best class of every anchor, non-maximum suppression of the best anchors, and of those
// that stay all that the model says.
#include "common.cuh"
#include "head.cuh"

// best[n, a] is the score of the anchor's best class where that reaches the class's threshold [batch, classes], else 0;
// no number where any score is none; infinite for a class that isn't known but sure enough for some class.
template <typename Number>
DEVICE void best_classes(const Head& h, const float* thresholds, float* best, int* which) {
    EACH_THREAD(t) {
        int anchor = blockIdx.x * THREADS + t, frame = blockIdx.y;
        if (anchor >= h.anchors) continue;
        const float* least = thresholds + frame * h.classes;
        Best found = best_class<Number>(h, frame, anchor);
        long long at = (long long)frame * h.anchors + anchor;
        float needed = found.which < 0 ? INFINITY : least[found.which];
        for (int c = 0; found.which < 0 && c < h.classes; ++c) needed = fminf(needed, least[c]);
        bool sure = found.score >= needed || found.score != found.score;
        best[at] = !sure ? 0.0f : (found.which < 0 ? found.score - found.score + INFINITY : found.score);
        which[at] = found.which;
    }
}

KERNEL best_classes_float(const Head* head, const float* thresholds, float* best, int* which) {
    best_classes<float>(*head, thresholds, best, which);
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
    int nonsense;  // numbers that are none
    int unknown;   // classes that aren't known
};

// The key of the candidate-th best anchor, found digit by digit from the top; 1 where there are fewer anchors.
DEVICE void find_least(Selection& s, const float* scores, int anchors, int candidates) {
    EACH_THREAD(t) {
        if (t == 0) { s.count = s.nonsense = s.unknown = 0; s.least = 0; s.missing = candidates; }
    }
    SYNC();
    EACH_THREAD(t) {
        int own = 0, nonsense = 0, unknown = 0;
        for (int a = t; a < anchors; a += THREADS) {
            own += scores[a] > 0.0f;
            nonsense += scores[a] != scores[a];
            unknown += scores[a] == INFINITY;
        }
        atomicAdd(&s.count, own);
        if (unknown) atomicAdd(&s.unknown, unknown);
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

// Whether two boxes of one class overlap more than `most`.
template <typename Number>
DEVICE bool overlapping(const Head& h, const float (*corners)[MOST_CANDIDATES], const uint64_t* keys, int i, int j, float most) {
    float w = fminf(corners[2][i], corners[2][j]) - fmaxf(corners[0][i], corners[0][j]);
    float height = fminf(corners[3][i], corners[3][j]) - fmaxf(corners[1][i], corners[1][j]);
    if (w <= 0.0f || height <= 0.0f) return false;
    if (h.oriented)
        return probabilistic_overlap(box_of<Number>(h, blockIdx.x, anchor_of(keys[i])), box_of<Number>(h, blockIdx.x, anchor_of(keys[j]))) > most;
    float area = (corners[2][i] - corners[0][i]) * (corners[3][i] - corners[1][i]);
    float both = area + (corners[2][j] - corners[0][j]) * (corners[3][j] - corners[1][j]) - w * height;
    return w * height > most * both;
}

// One block a frame. `scores` [batch, anchors] are those of best_classes, `which` its classes. Of the `candidates` best
// anchors one stays when its overlap (intersection over union) with every better one of its class that stays is at most
// `overlaps` [batch, classes]. The first `most` that stay become rows of `rows` [batch, most, 6 + extra columns]: x1, y1,
// x2, y2, clipped to the input (of oriented boxes centre x, y, width, height), score, class, extras. `counts` tells how
// many stayed, which may be more, and is -1 for a frame with numbers that are none, -2 for one with an unknown class.
template <typename Number>
DEVICE void suppress(const Head& h, const float* scores, const int* which, int candidates, int most, const float* overlaps,
                     float* rows, int* counts) {
    SHARED Selection selection;
    SHARED float corners[4][MOST_CANDIDATES];
    SHARED int kinds[MOST_CANDIDATES];
    SHARED unsigned gone[MASKS];
    int frame = blockIdx.x;
    select(selection, scores + (long long)frame * h.anchors, h.anchors, candidates);
    int valid = selection.count;
    EACH_THREAD(t) {
        for (int word = t; word < MASKS; word += THREADS) gone[word] = 0;
        for (int i = t; i < valid; i += THREADS) {
            int anchor = anchor_of(selection.keys[i]);
            Box box = box_of<Number>(h, frame, anchor);
            float own[4], nonsense = 0.0f;
            upright(h, box, own);
            for (int side = 0; side < 4; ++side) {
                nonsense += own[side] - own[side];
                corners[side][i] = clamped(own[side], 0.0f, side % 2 ? h.height : h.width);
            }
            if (nonsense != 0.0f) atomicAdd(&selection.nonsense, 1);
            int kind = which[(long long)frame * h.anchors + anchor];
            kinds[i] = kind < 0 ? 0 : kind;
        }
    }
    SYNC();
    for (int i = 0; h.overlapping && i + 1 < valid; ++i) {
        if (gone[i / 32] >> i % 32 & 1) continue;  // the same for every thread
        EACH_THREAD(t) {
            float limit = overlaps[(long long)frame * h.classes + kinds[i]];
            for (int j = i + 1 + t; j < valid; j += THREADS) {
                if (kinds[j] != kinds[i]) continue;
                if (overlapping<Number>(h, corners, selection.keys, i, j, limit)) atomicOr(&gone[j / 32], 1u << j % 32);
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
            int anchor = anchor_of(selection.keys[i]);
            float* row = rows + ((long long)frame * most + rank) * (6 + h.extra_columns);
            Box box = box_of<Number>(h, frame, anchor);
            for (int side = 0; side < 4; ++side) row[side] = h.oriented ? box.sides[side] : corners[side][i];
            row[4] = score_of(selection.keys[i]);
            row[5] = (float)kinds[i];
            for (int c = 0; c < h.extra_columns; ++c) row[6 + c] = read<Number>(h.extras, frame, c, anchor);
        }
        if (t == 0) {
            int stay = valid;
            for (int word = 0; word < MASKS; ++word) stay -= __popc(gone[word]);
            counts[frame] = selection.nonsense ? -1 : selection.unknown ? -2 : stay;
        }
    }
}

KERNEL suppress_float(const Head* head, const float* scores, const int* which, int candidates, int most, const float* overlaps,
                      float* rows, int* counts) {
    suppress<float>(*head, scores, which, candidates, most, overlaps, rows, counts);
}

#ifndef CAMWIRE_HOST
KERNEL best_classes_half(const Head* head, const float* thresholds, float* best, int* which) {
    best_classes<half>(*head, thresholds, best, which);
}

KERNEL suppress_half(const Head* head, const float* scores, const int* which, int candidates, int most, const float* overlaps,
                     float* rows, int* counts) {
    suppress<half>(*head, scores, which, candidates, most, overlaps, rows, counts);
}
#endif
