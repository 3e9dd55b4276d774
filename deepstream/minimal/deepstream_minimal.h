/* The few structures of DeepStream 9 that camwire's libraries touch, with the same names and layouts.
 *
 * The libraries build against this header where DeepStream isn't installed, so that tests can compile and call
 * them. A library for real use is built against DeepStream's own headers (see CMakeLists.txt): numbers of
 * metadata types differ between releases, and only those headers know them. Members behind the last one that
 * camwire reads are left out.
 */
#ifndef CAMWIRE_DEEPSTREAM_MINIMAL_H
#define CAMWIRE_DEEPSTREAM_MINIMAL_H

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

/* GLib */

typedef int gboolean;
typedef int gint;
typedef unsigned int guint;
typedef uint64_t guint64;

struct GList {
  void *data;
  GList *next;
  GList *prev;
};

struct GstBuffer;

inline char *g_strdup(const char *text) { return text ? strdup(text) : nullptr; }
inline void g_free(void *memory) { std::free(memory); }

/* Inference: layers, networks, objects */

constexpr unsigned int NVDSINFER_MAX_DIMS = 8;

struct NvDsInferDims {
  unsigned int numDims;
  unsigned int d[NVDSINFER_MAX_DIMS];
  unsigned int numElements;
};

enum NvDsInferDataType { FLOAT = 0, HALF = 1, INT8 = 2, INT32 = 3, INT64 = 4, UINT8 = 5 };

struct NvDsInferLayerInfo {
  NvDsInferDataType dataType;
  union {
    NvDsInferDims inferDims;
    NvDsInferDims dims;
  };
  int bindingIndex;
  const char *layerName;
  void *buffer;
  int isInput;
};

struct NvDsInferNetworkInfo {
  unsigned int width;
  unsigned int height;
  unsigned int channels;
};

struct NvDsInferObjectDetectionInfo {
  unsigned int classId;
  float left;
  float top;
  float width;
  float height;
  float detectionConfidence;
  float rotation_angle;
};

struct NvDsInferParseDetectionParams {
  unsigned int numClassesConfigured;
  std::vector<float> perClassPreclusterThreshold;
  std::vector<float> perClassPostclusterThreshold;
  std::vector<float> &perClassThreshold = perClassPreclusterThreshold;
};

using NvDsInferParseCustomFunc = bool (*)(const std::vector<NvDsInferLayerInfo> &, const NvDsInferNetworkInfo &,
                                          const NvDsInferParseDetectionParams &,
                                          std::vector<NvDsInferObjectDetectionInfo> &);

#define CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(function) \
  static_assert(std::is_same<decltype(&function), NvDsInferParseCustomFunc>::value, "not what nvinfer calls");

/* Metadata */

/* The numbers of DeepStream 9.1. */
enum NvDsMetaType {
  NVDS_LATENCY_MEASUREMENT_META = 11,
  NVDSINFER_TENSOR_OUTPUT_META = 12,
  NVDS_PREPROCESS_BATCH_META = 28,
  NVDS_USER_FRAME_META_NVDSANALYTICS = 32,
  NVDS_USER_OBJ_META_NVDSANALYTICS = 33,
};

struct NvDsBaseMeta {
  struct NvDsBatchMeta *batch_meta;
  NvDsMetaType meta_type;
  void *uContext;
  void *(*copy_func)(void *, void *);
  void (*release_func)(void *, void *);
};

struct NvDsUserMeta {
  NvDsBaseMeta base_meta;
  void *user_meta_data;
};

struct NvDsBatchMeta {
  NvDsBaseMeta base_meta;
  guint max_frames_in_batch;
  guint num_frames_in_batch;
  void *pools[6];
  GList *frame_meta_list;
  GList *batch_user_meta_list;
};

struct NvDsFrameMeta {
  NvDsBaseMeta base_meta;
  guint pad_index;
  guint batch_id;
  gint frame_num;
  guint64 buf_pts;
  guint64 ntp_timestamp;
  guint source_id;
  gint num_surfaces_per_frame;
  guint source_frame_width;
  guint source_frame_height;
  guint surface_type;
  guint surface_index;
  guint num_obj_meta;
  gboolean bInferDone;
  GList *obj_meta_list;
  GList *display_meta_list;
  GList *frame_user_meta_list;
  int64_t misc_frame_info[4];
  guint pipeline_width;
  guint pipeline_height;
};

struct NvOSD_ColorParams {
  double red;
  double green;
  double blue;
  double alpha;
};

/* Its border and colours are left out. */
struct NvOSD_RectParams {
  float left;
  float top;
  float width;
  float height;
};

struct NvOSD_FontParams {
  char *font_name;
  unsigned int font_size;
  NvOSD_ColorParams font_color;
};

struct NvOSD_TextParams {
  char *display_text;
  unsigned int x_offset;
  unsigned int y_offset;
  NvOSD_FontParams font_params;
  int set_bg_clr;
  NvOSD_ColorParams text_bg_clr;
};

struct NvOSD_LineParams {
  unsigned int x1;
  unsigned int y1;
  unsigned int x2;
  unsigned int y2;
  unsigned int line_width;
  NvOSD_ColorParams line_color;
};

/* Of its members, what camwire touches. */
struct NvDsObjectMeta {
  NvDsBaseMeta base_meta;
  gint class_id;
  guint64 object_id;
  float confidence;
  NvOSD_RectParams rect_params;
  NvOSD_TextParams text_params;
  GList *obj_user_meta_list;
};

constexpr guint MAX_ELEMENTS_IN_DISPLAY_META = 16;

struct NvDsDisplayMeta {
  NvDsBaseMeta base_meta;
  guint num_rects;
  guint num_labels;
  guint num_lines;
  NvOSD_TextParams text_params[MAX_ELEMENTS_IN_DISPLAY_META];
  NvOSD_LineParams line_params[MAX_ELEMENTS_IN_DISPLAY_META];
};

struct NvDsMetaCompLatency {
  char component_name[64];
  double in_system_timestamp;
  double out_system_timestamp;
  guint source_id;
  guint frame_num;
  guint pad_index;
};

/* DeepStream's own functions, as far as tests need them: a test's GstBuffer is its metadata. */

inline NvDsBatchMeta *gst_buffer_get_nvds_batch_meta(GstBuffer *buffer) {
  return reinterpret_cast<NvDsBatchMeta *>(buffer);
}
inline void nvds_acquire_meta_lock(NvDsBatchMeta *) {}
inline void nvds_release_meta_lock(NvDsBatchMeta *) {}

inline void nvds_remove_obj_meta_from_frame(NvDsFrameMeta *frame, NvDsObjectMeta *object) {
  for (GList **item = &frame->obj_meta_list; *item; item = &(*item)->next) {
    if ((*item)->data == object) {
      *item = (*item)->next;
      --frame->num_obj_meta;
      return;
    }
  }
}

/* Whoever builds a batch for a test frees what is attached to it. */
inline NvDsDisplayMeta *nvds_acquire_display_meta_from_pool(NvDsBatchMeta *) { return new NvDsDisplayMeta{}; }

inline void nvds_add_display_meta_to_frame(NvDsFrameMeta *frame, NvDsDisplayMeta *display) {
  GList **end = &frame->display_meta_list;
  while (*end) end = &(*end)->next;
  *end = new GList{display, nullptr, nullptr};
}

/* nvdsanalytics */

struct NvDsAnalyticsObjInfo {
  std::vector<std::string> roiStatus;
  std::vector<std::string> ocStatus;
  std::vector<std::string> lcStatus;
  std::string dirStatus;
  guint unique_id;
  std::string objStatus;
};

struct NvDsAnalyticsFrameMeta {
  std::unordered_map<std::string, bool> ocStatus;
  std::unordered_map<std::string, uint32_t> objInROIcnt;
  std::unordered_map<std::string, uint64_t> objLCCurrCnt;
  std::unordered_map<std::string, uint64_t> objLCCumCnt;
  guint unique_id;
  std::unordered_map<int, uint32_t> objCnt;
};

/* Pictures */

enum NvBufSurfaceColorFormat {
  NVBUF_COLOR_FORMAT_NV12,
  NVBUF_COLOR_FORMAT_NV12_ER,
  NVBUF_COLOR_FORMAT_NV12_709,
  NVBUF_COLOR_FORMAT_NV12_709_ER,
  NVBUF_COLOR_FORMAT_RGBA,
};
enum NvBufSurfaceMemType {
  NVBUF_MEM_DEFAULT,
  NVBUF_MEM_CUDA_PINNED,
  NVBUF_MEM_CUDA_DEVICE,
  NVBUF_MEM_CUDA_UNIFIED,
};

struct NvBufSurfacePlaneParams {
  uint32_t num_planes;
  uint32_t width[4];
  uint32_t height[4];
  uint32_t pitch[4];
  uint32_t offset[4];
};

struct NvBufSurfaceParams {
  uint32_t width;
  uint32_t height;
  uint32_t pitch;
  NvBufSurfaceColorFormat colorFormat;
  void *dataPtr;
  NvBufSurfacePlaneParams planeParams;
};

struct NvBufSurface {
  uint32_t gpuId;
  uint32_t batchSize;
  uint32_t numFilled;
  NvBufSurfaceMemType memType;
  NvBufSurfaceParams *surfaceList;
};

struct NvDsInferTensorMeta {
  guint unique_id;
  guint num_output_layers;
  NvDsInferLayerInfo *output_layers_info;
  void **out_buf_ptrs_host;
  void **out_buf_ptrs_dev;
  gint gpu_id;
  void *priv_data;
  NvDsInferNetworkInfo network_info;
  gboolean maintain_aspect_ratio;
  gboolean symmetric_padding;
};

/* nvdspreprocess */

enum NvDsDataType {
  NvDsDataType_FP32,
  NvDsDataType_UINT8,
  NvDsDataType_INT8,
  NvDsDataType_UINT32,
  NvDsDataType_INT32,
  NvDsDataType_INT64,
  NvDsDataType_UINT64,
  NvDsDataType_FP16,
};

struct NvDsPreProcessTensorMeta {
  void *raw_tensor_buffer;
  guint64 buffer_size;
  std::vector<int> tensor_shape;
  NvDsDataType data_type;
  std::string tensor_name;
  guint gpu_id;
  void *private_data;
  guint meta_id;
  gboolean maintain_aspect_ratio;
};

struct NvDsRoiMeta {
  NvOSD_RectParams roi;
  guint roi_polygon[8][2];
  void *converted_buffer;
  NvDsFrameMeta *frame_meta;
  double scale_ratio_x;
  double scale_ratio_y;
  double offset_left;
  double offset_top;
  GList *classifier_meta_list;
  GList *roi_user_meta_list;
  void *object_meta;
};

struct GstNvDsPreProcessBatchMeta {
  std::vector<guint64> target_unique_ids;
  NvDsPreProcessTensorMeta *tensor_meta;
  std::vector<NvDsRoiMeta> roi_vector;
  void *private_data;
};

#endif
