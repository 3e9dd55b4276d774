// What DeepStream does around camwire's libraries, for tests: it calls the parser and builds metadata.
// Compiled against the minimal header; called through ctypes (libraries.py).

#include <list>

#include "deepstream_minimal.h"

using Objects = std::vector<NvDsInferObjectDetectionInfo>;

extern "C" bool NvDsInferParseCamwireYolo(const std::vector<NvDsInferLayerInfo> &, const NvDsInferNetworkInfo &,
                                          const NvDsInferParseDetectionParams &, Objects &);

// Parses one layer, beginning with `before` objects in the list. Rows of 7 numbers into `out`; their count or -1.
extern "C" int harness_parse(void *data, int type, const unsigned *sides, unsigned count, unsigned width,
                             unsigned height, unsigned classes, const float *thresholds, unsigned given,
                             int layers, int before, float *out) {
  NvDsInferLayerInfo layer{};
  layer.dataType = static_cast<NvDsInferDataType>(type);
  layer.inferDims.numDims = count;
  for (unsigned i = 0; i < count && i < NVDSINFER_MAX_DIMS; ++i) layer.inferDims.d[i] = sides[i];
  layer.layerName = "output0";
  layer.buffer = data;
  NvDsInferParseDetectionParams params;
  params.numClassesConfigured = classes;
  params.perClassPreclusterThreshold.assign(thresholds, thresholds + given);
  // Memory that was used before: a member that the parser forgets would show.
  Objects objects(100000, {9, 9, 9, 9, 9, 9, 9});
  objects.resize(before);
  if (!NvDsInferParseCamwireYolo(std::vector<NvDsInferLayerInfo>(layers, layer), {width, height, 3}, params, objects))
    return objects.size() == static_cast<size_t>(before) ? -1 : -2;
  for (size_t i = before; i < objects.size(); ++i) {
    const NvDsInferObjectDetectionInfo &o = objects[i];
    for (float number : {static_cast<float>(o.classId), o.left, o.top, o.width, o.height, o.detectionConfidence,
                         o.rotation_angle})
      *out++ = number;
  }
  return static_cast<int>(objects.size()) - before;
}

// A batch's metadata, built by hand. Everything lives as long as the batch.
struct Batch {
  NvDsBatchMeta meta{};
  std::list<NvDsFrameMeta> frames;
  std::list<NvDsUserMeta> users;
  std::list<GList> nodes;
  std::list<NvDsPreProcessTensorMeta> tensors;
  std::list<GstNvDsPreProcessBatchMeta> preprocessed;
  std::list<NvDsInferTensorMeta> inferred;
  std::list<NvDsInferLayerInfo> layers;
  std::list<void *> pointers;
  std::list<NvDsObjectMeta> objects;
  std::list<NvDsAnalyticsFrameMeta> analytics;
  std::list<NvDsAnalyticsObjInfo> statuses;
  std::list<NvDsMetaCompLatency> latencies;

  NvDsFrameMeta &frame(unsigned position) {
    auto found = frames.begin();
    std::advance(found, position);
    return *found;
  }

  ~Batch() {
    for (NvDsObjectMeta &object : objects) g_free(object.text_params.display_text);
    for (NvDsFrameMeta &frame : frames) free_displays(frame);
  }

  // The minimal header's functions have made them.
  void free_displays(NvDsFrameMeta &frame) {
    while (GList *item = frame.display_meta_list) {
      auto *display = static_cast<NvDsDisplayMeta *>(item->data);
      for (guint i = 0; i < display->num_labels; ++i) g_free(display->text_params[i].display_text);
      frame.display_meta_list = item->next;
      delete display;
      delete item;
    }
  }

  void append(GList *&list, void *data) {
    nodes.push_back({data, nullptr, nullptr});
    if (!list) {
      list = &nodes.back();
      return;
    }
    GList *last = list;
    while (last->next) last = last->next;
    last->next = &nodes.back();
  }

  void *user(int type, void *data) {
    users.push_back({});
    users.back().base_meta.meta_type = static_cast<NvDsMetaType>(type);
    users.back().user_meta_data = data;
    return &users.back();
  }
};

extern "C" Batch *harness_batch(unsigned frames) {
  auto *batch = new Batch;
  for (unsigned pad = 0; pad < frames; ++pad) {
    batch->frames.push_back({});
    batch->frames.back().pad_index = pad + 10;
    batch->append(batch->meta.frame_meta_list, &batch->frames.back());
  }
  return batch;
}

extern "C" void *harness_meta(Batch *batch) { return &batch->meta; }

extern "C" void harness_free(Batch *batch) { delete batch; }

// Metadata of a kind that camwire doesn't know; its data must not be touched.
extern "C" void harness_add_foreign(Batch *batch, int type) {
  batch->append(batch->meta.batch_user_meta_list, batch->user(type, reinterpret_cast<void *>(1)));
  for (NvDsFrameMeta &frame : batch->frames)
    batch->append(frame.frame_user_meta_list, batch->user(type, reinterpret_cast<void *>(1)));
}

extern "C" void harness_add_preprocessed(Batch *batch, void *data, uint64_t bytes, int type, const int *sides,
                                         int count, uint64_t target, unsigned meta_id, const char *name) {
  batch->tensors.push_back({data, bytes, std::vector<int>(sides, sides + count), static_cast<NvDsDataType>(type),
                            name, 0, nullptr, meta_id, 0});
  batch->preprocessed.push_back({{target}, &batch->tensors.back(), {}, nullptr});
  for (NvDsFrameMeta &frame : batch->frames) {
    NvDsRoiMeta roi{};
    roi.frame_meta = &frame;
    batch->preprocessed.back().roi_vector.push_back(roi);
  }
  batch->append(batch->meta.batch_user_meta_list,
                batch->user(NVDS_PREPROCESS_BATCH_META, &batch->preprocessed.back()));
}

// What the rows of the last preprocessed tensor are of: positions of frames and, for each, left, top, width, height,
// scales and offsets.
extern "C" void harness_set_regions(Batch *batch, unsigned count, const unsigned *positions, const float *numbers) {
  std::vector<NvDsRoiMeta> &regions = batch->preprocessed.back().roi_vector;
  regions.assign(count, {});
  for (unsigned i = 0; i < count; ++i, numbers += 8) {
    regions[i].frame_meta = &batch->frame(positions[i]);
    regions[i].roi = {numbers[0], numbers[1], numbers[2], numbers[3]};
    regions[i].scale_ratio_x = numbers[4];
    regions[i].scale_ratio_y = numbers[5];
    regions[i].offset_left = numbers[6];
    regions[i].offset_top = numbers[7];
  }
}

extern "C" void harness_add_latency(Batch *batch, const char *component, double begun, double ended) {
  batch->latencies.push_back({});
  std::strncpy(batch->latencies.back().component_name, component, 63);
  batch->latencies.back().in_system_timestamp = begun;
  batch->latencies.back().out_system_timestamp = ended;
  batch->append(batch->meta.batch_user_meta_list,
                batch->user(NVDS_LATENCY_MEASUREMENT_META, &batch->latencies.back()));
}

// One layer of one frame's outputs, at the frame or at its region of the last preprocessed tensor.
extern "C" void harness_add_inferred(Batch *batch, unsigned position, int at_region, void *on_host, void *on_device,
                                     int type, const unsigned *sides, unsigned count, unsigned unique_id,
                                     const char *name) {
  NvDsInferLayerInfo layer{};
  layer.dataType = static_cast<NvDsInferDataType>(type);
  layer.inferDims.numDims = count;
  for (unsigned i = 0; i < count; ++i) layer.inferDims.d[i] = sides[i];
  layer.layerName = name;
  batch->layers.push_back(layer);
  NvDsInferTensorMeta meta{};
  meta.unique_id = unique_id;
  meta.num_output_layers = 1;
  meta.output_layers_info = &batch->layers.back();
  batch->pointers.push_back(on_host);
  meta.out_buf_ptrs_host = &batch->pointers.back();
  batch->pointers.push_back(on_device);
  meta.out_buf_ptrs_dev = &batch->pointers.back();
  batch->inferred.push_back(meta);
  void *user = batch->user(NVDSINFER_TENSOR_OUTPUT_META, &batch->inferred.back());
  if (at_region) {
    batch->append(batch->preprocessed.back().roi_vector[position].roi_user_meta_list, user);
  } else {
    batch->append(batch->frame(position).frame_user_meta_list, user);
  }
}

extern "C" void harness_set_frame(Batch *batch, unsigned position, uint64_t pts, uint64_t captured, int inferred,
                                  const unsigned *sides) {
  NvDsFrameMeta &frame = batch->frame(position);
  frame.buf_pts = pts;
  frame.ntp_timestamp = captured;
  frame.bInferDone = inferred;
  frame.pipeline_width = sides[0];
  frame.pipeline_height = sides[1];
  frame.source_frame_width = sides[2];
  frame.source_frame_height = sides[3];
}

extern "C" void harness_set_pad(Batch *batch, unsigned position, unsigned pad) {
  batch->frame(position).pad_index = pad;
}

// `numbers`: score, left, top, width, height.
extern "C" void harness_add_object(Batch *batch, unsigned position, uint64_t id, int class_id, const float *numbers,
                                   const char *text) {
  batch->objects.push_back(
      {{}, class_id, id, numbers[0], {numbers[1], numbers[2], numbers[3], numbers[4]}, {}, nullptr});
  batch->objects.back().text_params.display_text = g_strdup(text);
  batch->append(batch->frame(position).obj_meta_list, &batch->objects.back());
  ++batch->frame(position).num_obj_meta;
}

// The text of the object at a place in a frame's list; null where there is none.
extern "C" const char *harness_text(Batch *batch, unsigned position, unsigned place) {
  const GList *item = batch->frame(position).obj_meta_list;
  while (item && place--) item = item->next;
  return item ? static_cast<NvDsObjectMeta *>(item->data)->text_params.display_text : nullptr;
}

extern "C" void *harness_add_analytics(Batch *batch, unsigned position) {
  batch->analytics.push_back({});
  batch->append(batch->frame(position).frame_user_meta_list,
                batch->user(NVDS_USER_FRAME_META_NVDSANALYTICS, &batch->analytics.back()));
  return &batch->analytics.back();
}

extern "C" void harness_count(NvDsAnalyticsFrameMeta *found, const char *member, const char *label, uint64_t number) {
  const std::string name = member;
  if (name == "ocStatus") found->ocStatus[label] = number != 0;
  if (name == "objInROIcnt") found->objInROIcnt[label] = static_cast<uint32_t>(number);
  if (name == "objLCCurrCnt") found->objLCCurrCnt[label] = number;
  if (name == "objLCCumCnt") found->objLCCumCnt[label] = number;
  if (name == "objCnt") found->objCnt[std::atoi(label)] = static_cast<uint32_t>(number);
}

// Of the object at a place in a frame's list.
extern "C" void *harness_add_status(Batch *batch, unsigned position, unsigned place) {
  const GList *item = batch->frame(position).obj_meta_list;
  while (place--) item = item->next;
  batch->statuses.push_back({});
  batch->append(static_cast<NvDsObjectMeta *>(item->data)->obj_user_meta_list,
                batch->user(NVDS_USER_OBJ_META_NVDSANALYTICS, &batch->statuses.back()));
  return &batch->statuses.back();
}

extern "C" void harness_say(NvDsAnalyticsObjInfo *status, const char *member, const char *text) {
  const std::string name = member;
  if (name == "roiStatus") status->roiStatus.push_back(text);
  if (name == "ocStatus") status->ocStatus.push_back(text);
  if (name == "lcStatus") status->lcStatus.push_back(text);
  if (name == "dirStatus") status->dirStatus = text;
  if (name == "objStatus") status->objStatus = text;
}

// What nvdsosd would draw on a frame. Rows of 9 numbers for a line: x1, y1, x2, y2, width, red, green, blue, alpha;
// rows of 6 for a text: left, top, size, red, green, blue. Returns how many display metadata there are.
extern "C" int harness_display(Batch *batch, unsigned position, double *lines, int *line_count, double *texts,
                               const char **words, int *text_count) {
  int count = 0;
  *line_count = *text_count = 0;
  for (const GList *item = batch->frame(position).display_meta_list; item; item = item->next, ++count) {
    const auto *display = static_cast<const NvDsDisplayMeta *>(item->data);
    for (guint i = 0; i < display->num_lines; ++i, ++*line_count) {
      const NvOSD_LineParams &one = display->line_params[i];
      const NvOSD_ColorParams &colour = one.line_color;
      for (double number : {double(one.x1), double(one.y1), double(one.x2), double(one.y2), double(one.line_width),
                            colour.red, colour.green, colour.blue, colour.alpha})
        *lines++ = number;
    }
    for (guint i = 0; i < display->num_labels; ++i) {
      const NvOSD_TextParams &one = display->text_params[i];
      const NvOSD_ColorParams &colour = one.font_params.font_color;
      for (double number : {double(one.x_offset), double(one.y_offset), double(one.font_params.font_size), colour.red,
                            colour.green, colour.blue})
        *texts++ = number;
      words[(*text_count)++] = one.display_text;
    }
  }
  return count;
}

// An NvBufSurface with `count` pictures, each two planes of one block of memory.
extern "C" NvBufSurface *harness_surface(void *memory, unsigned count, int format, int type, unsigned planes,
                                         unsigned width, unsigned height, unsigned pitch) {
  auto *surface = new NvBufSurface{0, count, count, static_cast<NvBufSurfaceMemType>(type),
                                   new NvBufSurfaceParams[count]()};
  for (unsigned i = 0; i < count; ++i) {
    NvBufSurfaceParams &one = surface->surfaceList[i];
    one.width = width;
    one.height = height;
    one.colorFormat = static_cast<NvBufSurfaceColorFormat>(format);
    one.dataPtr = static_cast<char *>(memory) + i;
    one.planeParams.num_planes = planes;
    one.planeParams.pitch[0] = pitch;
    one.planeParams.pitch[1] = pitch + 1;
    one.planeParams.offset[1] = pitch * height;
  }
  return surface;
}

extern "C" unsigned harness_surface_size() { return sizeof(NvBufSurface); }

extern "C" void harness_free_surface(NvBufSurface *surface) {
  delete[] surface->surfaceList;
  delete surface;
}
