#include "batch.h"

#include <vector>

#include "deepstream.h"

using namespace camwire;

namespace {

struct Placed {
  NvDsFrameMeta *frame;
  int32_t position;
  NvDsObjectMeta *object;
};

template <typename Use>
void for_each_placed(const void *meta, Use use) {
  for_each_frame(meta, [&](NvDsFrameMeta &frame, int32_t position) {
    for_each_object(frame, [&](NvDsObjectMeta &object, int32_t) { use(Placed{&frame, position, &object}); });
  });
}

int32_t known(guint size, guint otherwise) { return static_cast<int32_t>(size ? size : otherwise); }

CamwireFrame flat(const NvDsFrameMeta &frame) {
  return {static_cast<int64_t>(frame.buf_pts),
          frame.ntp_timestamp,
          static_cast<int32_t>(frame.pad_index),
          frame.bInferDone ? 1 : 0,
          known(frame.pipeline_width, frame.source_frame_width),
          known(frame.pipeline_height, frame.source_frame_height),
          static_cast<int32_t>(frame.source_frame_width),
          static_cast<int32_t>(frame.source_frame_height)};
}

CamwireObject flat(const Placed &placed) {
  const NvDsObjectMeta &object = *placed.object;
  return {object.object_id,         placed.position,          object.class_id,
          object.confidence,        object.rect_params.left,  object.rect_params.top,
          object.rect_params.width, object.rect_params.height, 0};
}

void set_text(NvDsObjectMeta &object, const char *text) {
  g_free(object.text_params.display_text);
  object.text_params.display_text = g_strdup(text);
}

// While it lives, nobody else changes the metadata.
class Lock {
 public:
  explicit Lock(NvDsBatchMeta &meta) : meta_(meta) { nvds_acquire_meta_lock(&meta_); }
  ~Lock() { nvds_release_meta_lock(&meta_); }
  Lock(const Lock &) = delete;
  Lock &operator=(const Lock &) = delete;

 private:
  NvDsBatchMeta &meta_;
};

bool on_gpu(NvBufSurfaceMemType type) {
  return type == NVBUF_MEM_DEFAULT || type == NVBUF_MEM_CUDA_DEVICE || type == NVBUF_MEM_CUDA_UNIFIED;
}

// False for what is no NV12.
bool set_colours(NvBufSurfaceColorFormat format, CamwireSurface &surface) {
  surface.full_range = format == NVBUF_COLOR_FORMAT_NV12_ER || format == NVBUF_COLOR_FORMAT_NV12_709_ER;
  surface.is_bt709 = format == NVBUF_COLOR_FORMAT_NV12_709 || format == NVBUF_COLOR_FORMAT_NV12_709_ER;
  return surface.full_range || surface.is_bt709 || format == NVBUF_COLOR_FORMAT_NV12;
}

}  // namespace

EXPORTED void *camwire_batch_meta(void *gst_buffer) {
  return gst_buffer ? gst_buffer_get_nvds_batch_meta(static_cast<GstBuffer *>(gst_buffer)) : nullptr;
}

EXPORTED int32_t camwire_frames(void *meta, CamwireFrame *frames, int32_t capacity) {
  int32_t count = 0;
  for_each_frame(meta, [&](const NvDsFrameMeta &frame, int32_t position) {
    if (position < capacity) frames[position] = flat(frame);
    ++count;
  });
  return count;
}

EXPORTED int32_t camwire_objects(void *meta, CamwireObject *objects, int32_t capacity) {
  int32_t count = 0;
  for_each_placed(meta, [&](const Placed &placed) {
    if (count < capacity) objects[count] = flat(placed);
    ++count;
  });
  return count;
}

EXPORTED void camwire_relabel(void *meta, const int32_t *rows, const uint64_t *ids, const char *const *texts,
                              int32_t count) {
  const Lock lock(*static_cast<NvDsBatchMeta *>(meta));
  std::vector<Placed> objects;
  for_each_placed(meta, [&](const Placed &placed) { objects.push_back(placed); });
  std::vector<bool> stays(objects.size());
  for (int32_t i = 0; i < count; ++i) {
    if (rows[i] < 0 || static_cast<size_t>(rows[i]) >= objects.size()) continue;
    stays[rows[i]] = true;
    objects[rows[i]].object->object_id = ids[i];
    set_text(*objects[rows[i]].object, texts[i]);
  }
  for (size_t row = 0; row < objects.size(); ++row)
    if (!stays[row]) nvds_remove_obj_meta_from_frame(objects[row].frame, objects[row].object);
}

EXPORTED int32_t camwire_surface(const void *nvbufsurface, int32_t index, CamwireSurface *surface) {
  const auto &all = *static_cast<const NvBufSurface *>(nvbufsurface);
  if (index < 0 || static_cast<uint32_t>(index) >= all.numFilled || !on_gpu(all.memType)) return -1;
  const NvBufSurfaceParams &one = all.surfaceList[index];
  if (!one.dataPtr || one.planeParams.num_planes != 2 || !set_colours(one.colorFormat, *surface)) return -1;
  const auto memory = reinterpret_cast<uint64_t>(one.dataPtr);
  surface->luma = memory + one.planeParams.offset[0];
  surface->chroma = memory + one.planeParams.offset[1];
  surface->luma_pitch = static_cast<int32_t>(one.planeParams.pitch[0]);
  surface->chroma_pitch = static_cast<int32_t>(one.planeParams.pitch[1]);
  surface->width = static_cast<int32_t>(one.width);
  surface->height = static_cast<int32_t>(one.height);
  return 0;
}
