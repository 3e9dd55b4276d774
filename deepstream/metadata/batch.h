/* A batch's metadata as flat arrays: frames, objects, pictures.
 *
 * A C interface, for ctypes (src/camwire/deepstream/native_metadata.py). `meta` is an NvDsBatchMeta, valid as
 * long as its GstBuffer is. Frames and objects stand in the order of DeepStream's own lists.
 */
#ifndef CAMWIRE_METADATA_BATCH_H
#define CAMWIRE_METADATA_BATCH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t pts;          /* nanoseconds, the frame's own */
  uint64_t captured_ns; /* UTC, when it came to the muxer; 0: not known */
  int32_t pad;          /* the muxer's */
  int32_t inferred;     /* whether the detector looked at it */
  int32_t width;        /* in the batch: boxes are in these pixels */
  int32_t height;
  int32_t source_width; /* as it came to the muxer */
  int32_t source_height;
} CamwireFrame;

typedef struct {
  uint64_t id;      /* the tracker's; 2^64 - 1 where none has seen it */
  int32_t frame;    /* position among the frames, ascending */
  int32_t class_id;
  float score;      /* the detection's; negative where the tracker alone sees it */
  float left;
  float top;
  float width;
  float height;
  int32_t reserved;
} CamwireObject;

typedef struct {
  uint64_t luma;   /* addresses in the GPU's memory */
  uint64_t chroma;
  int32_t luma_pitch; /* bytes */
  int32_t chroma_pitch;
  int32_t width;
  int32_t height;
  int32_t full_range;
  int32_t is_bt709;
} CamwireSurface;

/* A GstBuffer's NvDsBatchMeta; null where it has none. */
void *camwire_batch_meta(void *gst_buffer);

/* Fills the arrays; returns how many there are, which may be more than `capacity`. */
int32_t camwire_frames(void *meta, CamwireFrame *frames, int32_t capacity);
int32_t camwire_objects(void *meta, CamwireObject *objects, int32_t capacity);

/* Gives the objects at `rows` (positions as in camwire_objects, any order) new ids and texts in UTF-8, and
 * removes all others from their frames. */
void camwire_relabel(void *meta, const int32_t *rows, const uint64_t *ids, const char *const *texts,
                     int32_t count);

/* The `index`-th picture of an NvBufSurface (what a GstBuffer of NVMM memory holds). 0; -1 where there is no
 * such picture or it is no NV12 in the GPU's memory. */
int32_t camwire_surface(const void *nvbufsurface, int32_t index, CamwireSurface *surface);

#ifdef __cplusplus
}
#endif
#endif
