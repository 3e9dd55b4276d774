// How the kernels read a model's outputs: where they lie, which axis is which, and what the numbers mean.
#pragma once

#ifndef CAMWIRE_HOST
#include <cuda_fp16.h>
DEVICE float number(half value) { return __half2float(value); }
#endif
DEVICE float number(float value) { return value; }

// Part of an output: the value of frame n, column c, anchor a lies n*frame + c*column + a*anchor numbers behind `start`.
struct Columns { uint64_t start; int64_t frame, column, anchor; };

// What `boxes` holds: centre x, y, width, height; or corners; or of NanoDet's grids for each side a distribution.
enum Form { CENTRES, CORNERS, DISTRIBUTIONS };
// What `scores` holds: a probability a class; what a sigmoid or a softmax (with a last column for "nothing") makes
// one of; or one probability and the class's number.
enum Scoring { PROBABILITIES, SIGMOID, SOFTMAX, ONE_CLASS };

// Mirrors heads.HEAD.
struct Head {
    Columns boxes, scores, extras;
    int anchors, classes;
    int extra_columns;      // keypoints, mask weights or an angle: handed on as they are
    int form, scoring;
    int bins;               // of a distribution
    int overlapping;        // whether several boxes may be one object
    int oriented;           // the last extra column is an angle: boxes are turned, from x towards y
    float unit_x, unit_y;   // input pixels in which x and y are given
    float width, height;    // of the input, in pixels
};
static_assert(sizeof(Head) == 144, "heads.HEAD is laid out like this");

template <typename Number>
DEVICE float read(const Columns& part, int frame, int column, int anchor) {
    return number(((const Number*)part.start)[frame * part.frame + column * part.column + anchor * part.anchor]);
}

struct Best { float score; int which; };

// The anchor's best class, -1 for one that isn't known. Its score is no number where any score is none.
template <typename Number>
DEVICE Best best_class(const Head& h, int frame, int anchor) {
    if (h.scoring == ONE_CLASS) {
        float score = read<Number>(h.scores, frame, 0, anchor), which = rounded(read<Number>(h.scores, frame, 1, anchor));
        bool known = which >= 0.0f && which < h.classes;
        return {score, known ? (int)which : -1};
    }
    float highest = 0.0f, sum = 1.0f;
    if (h.scoring == SOFTMAX) {
        highest = -INFINITY;
        for (int c = 0; c <= h.classes; ++c) highest = fmaxf(highest, read<Number>(h.scores, frame, c, anchor));
        sum = 0.0f;
        for (int c = 0; c <= h.classes; ++c) sum += expf(read<Number>(h.scores, frame, c, anchor) - highest);
    }
    Best best = {-INFINITY, 0};
    float nonsense = 0.0f;
    for (int c = 0; c < h.classes; ++c) {
        float score = read<Number>(h.scores, frame, c, anchor);
        if (h.scoring == SIGMOID) score = 0.5f * (tanhf(0.5f * score) + 1.0f);
        if (h.scoring == SOFTMAX) score = expf(score - highest) / sum;
        nonsense += score - score;
        if (score > best.score) best = {score, c};
    }
    best.score += nonsense;
    return best;
}

// Of an oriented box `sides` are centre x, y, width and height.
struct Box { float sides[4], angle; };

// NanoDet: the expectations of four distributions are how far the sides are from the centre of a grid's cell.
template <typename Number>
DEVICE Box around_cell(const Head& h, int frame, int anchor) {
    int cell = anchor, stride = 8, columns = (int)h.width / 8;
    for (; stride < 32; stride *= 2, columns = (int)h.width / stride) {
        int cells = columns * ((int)h.height / stride);
        if (cell < cells) break;
        cell -= cells;
    }
    float centre[2] = {(cell % columns + 0.5f) * stride, (cell / columns + 0.5f) * stride};
    Box box;
    for (int side = 0; side < 4; ++side) {
        float highest = -INFINITY, sum = 0.0f, weighted = 0.0f;
        for (int k = 0; k < h.bins; ++k) highest = fmaxf(highest, read<Number>(h.boxes, frame, side * h.bins + k, anchor));
        for (int k = 0; k < h.bins; ++k) {
            float weight = expf(read<Number>(h.boxes, frame, side * h.bins + k, anchor) - highest);
            sum += weight;
            weighted += weight * k;
        }
        box.sides[side] = centre[side % 2] + (side < 2 ? -1.0f : 1.0f) * (weighted / sum * stride);
    }
    return box;
}

// In input pixels: corners, or an oriented box.
template <typename Number>
DEVICE Box box_of(const Head& h, int frame, int anchor) {
    if (h.form == DISTRIBUTIONS) return around_cell<Number>(h, frame, anchor);
    Box box;
    for (int side = 0; side < 4; ++side)
        box.sides[side] = read<Number>(h.boxes, frame, side, anchor) * (side % 2 ? h.unit_y : h.unit_x);
    if (h.oriented) {
        box.angle = read<Number>(h.extras, frame, h.extra_columns - 1, anchor);
    } else if (h.form == CENTRES) {
        float x = box.sides[0], y = box.sides[1], w = box.sides[2] * 0.5f, height = box.sides[3] * 0.5f;
        box.sides[0] = x - w, box.sides[1] = y - height, box.sides[2] = x + w, box.sides[3] = y + height;
    }
    return box;
}

// The upright corners around a box.
DEVICE void upright(const Head& h, const Box& box, float* corners) {
    for (int side = 0; side < 4; ++side) corners[side] = box.sides[side];
    if (!h.oriented) return;
    float x = fabsf(cosf(box.angle)) * 0.5f, y = fabsf(sinf(box.angle)) * 0.5f;
    float across = box.sides[2] * x + box.sides[3] * y, down = box.sides[2] * y + box.sides[3] * x;
    corners[0] = box.sides[0] - across, corners[1] = box.sides[1] - down;
    corners[2] = box.sides[0] + across, corners[3] = box.sides[1] + down;
}

// A box as the Gaussian with its centre and the covariance of a uniform distribution over it.
struct Gaussian { double x, y, xx, yy, xy; };

DEVICE Gaussian gaussian(const Box& box) {
    double along = (double)box.sides[2] * box.sides[2] / 12, across = (double)box.sides[3] * box.sides[3] / 12;
    double c = cos((double)box.angle), s = sin((double)box.angle);
    return {box.sides[0], box.sides[1], along * c * c + across * s * s, along * s * s + across * c * c, (along - across) * c * s};
}

// Probabilistic IoU of oriented boxes: 1 less the Hellinger distance (models/nms.py says whose formula this is).
DEVICE float probabilistic_overlap(const Box& one, const Box& other) {
    constexpr double TINY = 1e-12;
    Gaussian a = gaussian(one), b = gaussian(other);
    double xx = a.xx + b.xx, yy = a.yy + b.yy, xy = a.xy + b.xy, dx = a.x - b.x, dy = a.y - b.y;
    double determinant = fmax(xx * yy - xy * xy, TINY);
    double own = fmax(a.xx * a.yy - a.xy * a.xy, TINY) * fmax(b.xx * b.yy - b.xy * b.xy, TINY);
    double distance = (yy * dx * dx + xx * dy * dy - 2 * xy * dx * dy) / (4 * determinant);
    distance += 0.5 * log(determinant / (4 * sqrt(own)));
    return (float)(1 - sqrt(1 - exp(-fmax(distance, 0.0))));
}
