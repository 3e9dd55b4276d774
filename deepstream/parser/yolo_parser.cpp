// What YOLO detectors put out, as nvinfer's list of boxes.
//
// nvinfer's configuration names this library and its one function:
//
//   custom-lib-path=libcamwire_parser.so
//   parse-bbox-func-name=NvDsInferParseCamwireYolo
//   cluster-mode=2
//
// Two layouts are told apart by their shape, which is that of one frame, without the batch:
//
//   [4 + C, A]  YOLOv8's and YOLO11's own: per anchor centre x, y, width, height, then C scores
//   [A, 6]      DeepStream-Yolo's: per anchor x1, y1, x2, y2, best score, its class
//
// Coordinates are pixels of the network's input, activations applied. Overlapping boxes stay: thinning them out
// is nvinfer's. The rules are those of camwire's own decoders (src/camwire/models/yolo.py): an anchor counts
// with its best class (of equal ones the first) when that score reaches the class's threshold; boxes are clipped
// to the input. What nvinfer can't use is left out besides: boxes of less than a pixel's width or height.

#include <algorithm>
#include <cmath>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef CAMWIRE_MINIMAL_HEADERS
#include "deepstream_minimal.h"
#else
#include "nvdsinfer_custom_impl.h"
#endif

namespace {

using Objects = std::vector<NvDsInferObjectDetectionInfo>;
using Params = NvDsInferParseDetectionParams;

constexpr unsigned int kBox = 4;  // numbers before the scores
constexpr unsigned int kRow = 6;  // numbers in a row of DeepStream-Yolo

// A tensor that isn't what it should be; the message is for people.
class InvalidTensor : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Shape {
  unsigned int rows;
  unsigned int columns;
};

std::string text(const NvDsInferDims &dims) {
  std::string shown = "[";
  for (unsigned int i = 0; i < std::min(dims.numDims, static_cast<unsigned int>(NVDSINFER_MAX_DIMS)); ++i)
    shown += (i ? ", " : "") + std::to_string(dims.d[i]);
  return shown + "]";
}

// The two sides of a table; leading sides of 1 count for nothing.
Shape shape_of(const NvDsInferLayerInfo &layer) {
  const NvDsInferDims &dims = layer.inferDims;
  unsigned int first = 0;
  while (dims.numDims <= NVDSINFER_MAX_DIMS && dims.numDims - first > 2 && dims.d[first] == 1) ++first;
  if (dims.numDims > NVDSINFER_MAX_DIMS || dims.numDims - first != 2 || !dims.d[first] || !dims.d[first + 1])
    throw InvalidTensor("has the shape " + text(dims) + "; [4 + classes, anchors] or [anchors, 6] is read");
  return {dims.d[first], dims.d[first + 1]};
}

void require_finite(bool finite) {
  if (!finite)
    throw InvalidTensor(
        "holds NaN or infinite numbers; a network that overflows in half precision is the usual cause: "
        "set network-mode=0");
}

// Corners in pixels of the input, clipped to it.
void add(Objects &objects, const NvDsInferNetworkInfo &network, const float (&corners)[4], unsigned int id,
         float score) {
  const float width = static_cast<float>(network.width), height = static_cast<float>(network.height);
  const float left = std::clamp(corners[0], 0.0F, width), top = std::clamp(corners[1], 0.0F, height);
  const float right = std::clamp(corners[2], 0.0F, width), bottom = std::clamp(corners[3], 0.0F, height);
  if (right - left < 1.0F || bottom - top < 1.0F) return;
  NvDsInferObjectDetectionInfo object{};  // rotation_angle, where this release has it, is 0
  object.classId = id;
  object.left = left;
  object.top = top;
  object.width = right - left;
  object.height = bottom - top;
  object.detectionConfidence = score;
  objects.push_back(object);
}

// The best score of each anchor, plane by plane at the speed of memory. NaN stays NaN.
template <typename Number>
std::vector<float> best_scores(const Number *scores, unsigned int classes, unsigned int anchors) {
  std::vector<float> best(scores, scores + anchors);
  for (unsigned int id = 1; id < classes; ++id) {
    const Number *plane = scores + static_cast<size_t>(id) * anchors;
    for (unsigned int a = 0; a < anchors; ++a) {
      const float score = static_cast<float>(plane[a]);
      best[a] = score > best[a] || score != score ? score : best[a];
    }
  }
  return best;
}

template <typename Number>
void parse_anchors(const Number *table, unsigned int anchors, const NvDsInferNetworkInfo &network,
                   const Params &params, Objects &objects) {
  const unsigned int classes = params.numClassesConfigured;
  const std::vector<float> &thresholds = params.perClassPreclusterThreshold;
  const float lowest = *std::min_element(thresholds.begin(), thresholds.begin() + classes);
  const Number *scores = table + static_cast<size_t>(kBox) * anchors;
  const std::vector<float> best = best_scores(scores, classes, anchors);
  require_finite(std::none_of(best.begin(), best.end(), [](float score) { return std::isnan(score); }));
  for (unsigned int a = 0; a < anchors; ++a) {
    if (best[a] < lowest) continue;
    const auto at = [&](unsigned int row) {
      return static_cast<float>(table[static_cast<size_t>(row) * anchors + a]);
    };
    unsigned int id = 0;
    while (at(kBox + id) != best[a]) ++id;
    if (best[a] < thresholds[id]) continue;
    for (unsigned int row = 0; row < kBox + classes; ++row) require_finite(std::isfinite(at(row)));
    const float x = at(0), y = at(1), half_width = at(2) / 2, half_height = at(3) / 2;
    add(objects, network, {x - half_width, y - half_height, x + half_width, y + half_height}, id, best[a]);
  }
}

unsigned int class_of(float number, unsigned int classes) {
  const float id = std::rint(number);
  if (id < 0 || id >= static_cast<float>(classes))
    throw InvalidTensor("has an object of class " + std::to_string(number) +
                        ", but num-detected-classes is " + std::to_string(classes));
  return static_cast<unsigned int>(id);
}

template <typename Number>
void parse_rows(const Number *table, unsigned int rows, const NvDsInferNetworkInfo &network,
                const Params &params, Objects &objects) {
  const unsigned int classes = params.numClassesConfigured;
  const std::vector<float> &thresholds = params.perClassPreclusterThreshold;
  const float lowest = *std::min_element(thresholds.begin(), thresholds.begin() + classes);
  for (const Number *row = table; row != table + static_cast<size_t>(rows) * kRow; row += kRow) {
    const float score = static_cast<float>(row[4]);
    require_finite(!std::isnan(score));
    if (score < lowest) continue;
    float numbers[kRow];
    for (unsigned int i = 0; i < kRow; ++i) numbers[i] = static_cast<float>(row[i]);
    require_finite(std::all_of(numbers, numbers + kRow, [](float number) { return std::isfinite(number); }));
    const unsigned int id = class_of(numbers[5], classes);
    if (score >= thresholds[id])
      add(objects, network, {numbers[0], numbers[1], numbers[2], numbers[3]}, id, score);
  }
}

template <typename Number>
void parse_table(const NvDsInferLayerInfo &layer, const NvDsInferNetworkInfo &network, const Params &params,
                 Objects &objects) {
  const Shape shape = shape_of(layer);
  const Number *table = static_cast<const Number *>(layer.buffer);
  if (shape.columns == kRow)
    parse_rows(table, shape.rows, network, params, objects);
  else if (shape.rows == kBox + params.numClassesConfigured)
    parse_anchors(table, shape.columns, network, params, objects);
  else
    throw InvalidTensor("has the shape " + text(layer.inferDims) + ", but num-detected-classes is " +
                        std::to_string(params.numClassesConfigured) + ": [" +
                        std::to_string(kBox + params.numClassesConfigured) +
                        ", anchors] or [anchors, 6] is read");
}

void require_thresholds(const Params &params) {
  const size_t given = params.perClassPreclusterThreshold.size();
  if (!params.numClassesConfigured || given < params.numClassesConfigured)
    throw InvalidTensor("can't be read: num-detected-classes is " +
                        std::to_string(params.numClassesConfigured) + ", and there are thresholds for " +
                        std::to_string(given) + " classes");
}

void parse(const std::vector<NvDsInferLayerInfo> &layers, const NvDsInferNetworkInfo &network,
           const Params &params, Objects &objects) {
  if (layers.size() != 1)
    throw InvalidTensor("is one of " + std::to_string(layers.size()) +
                        "; detectors of this family have one output");
  const NvDsInferLayerInfo &layer = layers.front();
  if (!layer.buffer) throw InvalidTensor("has no host buffer; set disable-output-host-copy=0");
  require_thresholds(params);
  if (layer.dataType == FLOAT)
    parse_table<float>(layer, network, params, objects);
#ifdef __FLT16_MAX__
  else if (layer.dataType == HALF)
    parse_table<_Float16>(layer, network, params, objects);
#endif
  else
    throw InvalidTensor("is of the data type " + std::to_string(layer.dataType) +
                        "; 0 (FP32) and 1 (FP16) are read");
}

}  // namespace

// Adds the objects of one frame to the list. False, with a message on standard error and nothing added, for a
// tensor that isn't one of the two layouts or holds numbers that aren't finite.
extern "C" __attribute__((visibility("default"))) bool NvDsInferParseCamwireYolo(
    const std::vector<NvDsInferLayerInfo> &layers, const NvDsInferNetworkInfo &network, const Params &params,
    Objects &objects) {
  const size_t before = objects.size();
  try {
    parse(layers, network, params, objects);
    return true;
  } catch (const InvalidTensor &problem) {
    objects.resize(before);
    const char *name = layers.empty() || !layers.front().layerName ? "?" : layers.front().layerName;
    std::cerr << "camwire parser: the output " << name << " " << problem.what() << std::endl;
    return false;
  }
}

CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(NvDsInferParseCamwireYolo)
