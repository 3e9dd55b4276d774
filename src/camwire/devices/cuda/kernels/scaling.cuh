// A thread's four pixels of a decoded surface, scaled and in JPEG's YCbCr. What the four share is computed once.
#pragma once

// Samples of a plane, 8 or 16 bits each: two rows and how far the wanted place lies from the first to the second.
template <class Sample> struct Rows { const Sample* low; const Sample* high; float part; };

template <class Sample> DEVICE Rows<Sample> rows_at(uint64_t plane, int pitch, Between y) {
    const uint8_t* first = (const uint8_t*)plane;
    return {(const Sample*)(first + (long long)y.low * pitch), (const Sample*)(first + (long long)y.high * pitch), y.part};
}

template <class Sample> DEVICE float sampled(const Rows<Sample>& rows, int low, int high, float part) {
    return mixed(mixed(rows.low[low], rows.low[high], part), mixed(rows.high[low], rows.high[high], part), rows.part);
}

template <class Sample> DEVICE Quad scaled(const Picture& p, int x, int y) {
    const Surface& s = p.surface;
    constexpr float LEVEL = sizeof(Sample) == 2 ? 1.0f / 256.0f : 1.0f;
    Between across = between(x / 2, p.chroma_step[0], (s.width + 1) / 2), down = between(y / 2, p.chroma_step[1], (s.height + 1) / 2);
    Rows<Sample> chroma = rows_at<Sample>(s.chroma, s.chroma_pitch, down);
    float u = LEVEL * sampled(chroma, 2 * across.low, 2 * across.high, across.part);
    float v = LEVEL * sampled(chroma, 2 * across.low + 1, 2 * across.high + 1, across.part);
    Between columns[2] = {between(x, p.luma_step[0], s.width), between(x + 1, p.luma_step[0], s.width)};
    const float* to = s.matrix;
    float shared[3] = {to[1] * u + to[2] * v + to[3], to[5] * u + to[6] * v + to[7], to[9] * u + to[10] * v + to[11]};
    Quad quad;
    for (int row = 0; row < 2; ++row) {
        Rows<Sample> luma = rows_at<Sample>(s.luma, s.luma_pitch, between(y + row, p.luma_step[1], s.height));
        for (int column = 0; column < 2; ++column) {
            int pixel = 2 * row + column;
            float level = LEVEL * sampled(luma, columns[column].low, columns[column].high, columns[column].part);
            quad.y[pixel] = to[0] * level + shared[0];
            quad.u[pixel] = to[4] * level + shared[1];
            quad.v[pixel] = to[8] * level + shared[2];
        }
    }
    return quad;
}
