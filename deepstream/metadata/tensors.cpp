#include "tensors.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "deepstream.h"

using namespace camwire;

namespace {

// DLPack's structures, as https://dmlc.github.io/dlpack/latest/c_api.html lays them out.
struct DLTensor {
  void *data;
  struct {
    int32_t type;
    int32_t id;
  } device;
  int32_t ndim;
  struct {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
  } dtype;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor tensor;
  void *context;
  void (*deleter)(DLManagedTensor *);
};

struct Export {
  DLManagedTensor managed;
  int64_t shape[CAMWIRE_MOST_SIDES];
  int64_t strides[CAMWIRE_MOST_SIDES];
  void *owner;
  void (*release)(void *);
};

struct Number {
  int32_t code;
  int32_t bits;
};

constexpr Number kUnknown{CAMWIRE_UINT, 0};

Number number_of(NvDsDataType type) {
  switch (type) {
    case NvDsDataType_FP32: return {CAMWIRE_FLOAT, 32};
    case NvDsDataType_FP16: return {CAMWIRE_FLOAT, 16};
    case NvDsDataType_UINT8: return {CAMWIRE_UINT, 8};
    case NvDsDataType_INT8: return {CAMWIRE_INT, 8};
    case NvDsDataType_UINT32: return {CAMWIRE_UINT, 32};
    case NvDsDataType_INT32: return {CAMWIRE_INT, 32};
    case NvDsDataType_UINT64: return {CAMWIRE_UINT, 64};
    case NvDsDataType_INT64: return {CAMWIRE_INT, 64};
  }
  return kUnknown;
}

// By number: releases before 9 name the first four only.
Number number_of(NvDsInferDataType type) {
  switch (static_cast<int>(type)) {
    case 0: return {CAMWIRE_FLOAT, 32};
    case 1: return {CAMWIRE_FLOAT, 16};
    case 2: return {CAMWIRE_INT, 8};
    case 3: return {CAMWIRE_INT, 32};
    case 4: return {CAMWIRE_INT, 64};
    case 5: return {CAMWIRE_UINT, 8};
  }
  return kUnknown;
}

// Fills an array that may be too short, and counts what it should have held.
template <typename Item>
class Sink {
 public:
  Sink(Item *items, int32_t capacity) : items_(items), capacity_(capacity) {}

  void add(const Item &item) {
    if (count_ < capacity_) items_[count_] = item;
    ++count_;
  }

  int32_t count() const { return count_; }

 private:
  Item *items_;
  int32_t capacity_;
  int32_t count_ = 0;
};

using Tensors = Sink<CamwireTensor>;

void set_name(CamwireTensor &tensor, const char *name) {
  if (name) std::strncpy(tensor.name, name, CAMWIRE_LONGEST_NAME - 1);
}

template <typename Sides>
void set_shape(CamwireTensor &tensor, const Sides *sides, size_t count, Number number) {
  tensor.sides = static_cast<int32_t>(count);
  std::copy(sides, sides + std::min<size_t>(count, CAMWIRE_MOST_SIDES), tensor.shape);
  tensor.code = number.code;
  tensor.bits = number.bits;
}

uint64_t bytes_of(const CamwireTensor &tensor) {
  uint64_t bytes = static_cast<uint64_t>(tensor.bits) / 8;
  for (int32_t side = 0; side < std::min(tensor.sides, CAMWIRE_MOST_SIDES); ++side) bytes *= static_cast<uint64_t>(tensor.shape[side]);
  return bytes;
}

template <typename Use>
void for_each_preprocessed(const void *batch_meta, Use use) {
  for_each_user_meta(batch_of(batch_meta).batch_user_meta_list, NVDS_PREPROCESS_BATCH_META, [&](void *data) {
    use(*static_cast<const GstNvDsPreProcessBatchMeta *>(data));
  });
}

CamwireTensor preprocessed(const NvDsPreProcessTensorMeta &meta) {
  CamwireTensor tensor{};
  tensor.data = meta.raw_tensor_buffer;
  tensor.bytes = meta.buffer_size;
  set_shape(tensor, meta.tensor_shape.data(), meta.tensor_shape.size(), number_of(meta.data_type));
  tensor.device = CAMWIRE_CUDA;
  tensor.device_id = static_cast<int32_t>(meta.gpu_id);
  tensor.pad = -1;
  tensor.meta_id = meta.meta_id;
  set_name(tensor, meta.tensor_name.c_str());
  return tensor;
}

CamwireRegion region(const NvDsRoiMeta &roi) {
  return {roi.frame_meta ? static_cast<int32_t>(roi.frame_meta->pad_index) : -1,
          roi.roi.left,
          roi.roi.top,
          roi.roi.width,
          roi.roi.height,
          static_cast<float>(roi.scale_ratio_x),
          static_cast<float>(roi.scale_ratio_y),
          static_cast<float>(roi.offset_left),
          static_cast<float>(roi.offset_top)};
}

void add_layers(const NvDsInferTensorMeta &meta, const NvDsFrameMeta *frame, Tensors &sink) {
  for (guint layer = 0; layer < meta.num_output_layers; ++layer) {
    const NvDsInferLayerInfo &info = meta.output_layers_info[layer];
    void *on_device = meta.out_buf_ptrs_dev ? meta.out_buf_ptrs_dev[layer] : nullptr;
    void *on_host = meta.out_buf_ptrs_host ? meta.out_buf_ptrs_host[layer] : nullptr;
    if (!on_device && !on_host) continue;
    CamwireTensor tensor{};
    tensor.data = on_device ? on_device : on_host;
    set_shape(tensor, info.inferDims.d, info.inferDims.numDims, number_of(info.dataType));
    tensor.bytes = bytes_of(tensor);
    tensor.device = on_device ? CAMWIRE_CUDA : CAMWIRE_HOST;
    tensor.device_id = on_device ? meta.gpu_id : 0;
    tensor.pad = frame ? static_cast<int32_t>(frame->pad_index) : -1;
    set_name(tensor, info.layerName);
    sink.add(tensor);
  }
}

void add_inferred(const GList *list, const NvDsFrameMeta *frame, Tensors &sink) {
  for_each_user_meta(list, NVDSINFER_TENSOR_OUTPUT_META, [&](void *data) {
    add_layers(*static_cast<const NvDsInferTensorMeta *>(data), frame, sink);
  });
}

std::atomic<int32_t> exports_alive{0};

void delete_export(DLManagedTensor *managed) {
  auto *exported = static_cast<Export *>(managed->context);
  if (exported->release) exported->release(exported->owner);
  delete exported;
  --exports_alive;
}

bool is_permutation(const int32_t *axes, int32_t count) {
  if (count > CAMWIRE_MOST_SIDES) return false;
  bool seen[CAMWIRE_MOST_SIDES] = {};
  for (int32_t i = 0; i < count; ++i) {
    if (axes[i] < 0 || axes[i] >= count || seen[axes[i]]) return false;
    seen[axes[i]] = true;
  }
  return true;
}

}  // namespace

EXPORTED int32_t camwire_preprocessed(const void *batch_meta, CamwireTensor *tensors, int32_t capacity) {
  Tensors sink(tensors, capacity);
  for_each_preprocessed(batch_meta, [&](const auto &meta) {
    if (meta.tensor_meta) sink.add(preprocessed(*meta.tensor_meta));
  });
  return sink.count();
}

EXPORTED int32_t camwire_regions(const void *batch_meta, int32_t number, CamwireRegion *regions,
                                 int32_t capacity) {
  Sink<CamwireRegion> sink(regions, capacity);
  for_each_preprocessed(batch_meta, [&](const auto &meta) {
    if (!meta.tensor_meta || number-- != 0) return;
    for (const NvDsRoiMeta &roi : meta.roi_vector) sink.add(region(roi));
  });
  return sink.count();
}

EXPORTED int32_t camwire_inferred(const void *batch_meta, CamwireTensor *tensors, int32_t capacity) {
  Tensors sink(tensors, capacity);
  for_each_frame(batch_meta, [&](const NvDsFrameMeta &frame, int32_t) {
    add_inferred(frame.frame_user_meta_list, &frame, sink);
  });
  // With input-tensor-meta=1, nvinfer attaches its outputs to the regions that nvdspreprocess cut.
  for_each_preprocessed(batch_meta, [&](const auto &meta) {
    for (const NvDsRoiMeta &roi : meta.roi_vector)
      add_inferred(roi.roi_user_meta_list, roi.frame_meta, sink);
  });
  return sink.count();
}

EXPORTED void *camwire_dlpack(const CamwireTensor *tensor, const int32_t *axes, void *owner,
                              void (*retain)(void *), void (*release)(void *)) {
  if (!is_permutation(axes, tensor->sides)) return nullptr;
  int64_t strides[CAMWIRE_MOST_SIDES];
  int64_t stride = 1;
  for (int32_t side = tensor->sides; side-- > 0; stride *= tensor->shape[side]) strides[side] = stride;
  auto *exported = new Export{};
  for (int32_t i = 0; i < tensor->sides; ++i) {
    exported->shape[i] = tensor->shape[axes[i]];
    exported->strides[i] = strides[axes[i]];
  }
  exported->owner = owner;
  exported->release = release;
  DLTensor &view = exported->managed.tensor;
  view.data = tensor->data;
  view.device = {tensor->device, tensor->device_id};
  view.ndim = tensor->sides;
  view.dtype = {static_cast<uint8_t>(tensor->code), static_cast<uint8_t>(tensor->bits), 1};
  view.shape = exported->shape;
  view.strides = exported->strides;
  exported->managed.context = exported;
  exported->managed.deleter = delete_export;
  if (retain) retain(owner);
  ++exports_alive;
  return &exported->managed;
}

EXPORTED int32_t camwire_dlpack_alive(void) { return exports_alive; }
