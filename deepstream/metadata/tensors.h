/* Tensors in DeepStream's metadata: where they lie and what they are, and handing them on as DLPack.
 *
 * A C interface, for ctypes (src/camwire/deepstream/tensors.py). Nothing is copied: a tensor's memory belongs
 * to the GstBuffer whose metadata says where it lies.
 */
#ifndef CAMWIRE_METADATA_TENSORS_H
#define CAMWIRE_METADATA_TENSORS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAMWIRE_MOST_SIDES 8
#define CAMWIRE_LONGEST_NAME 64

enum { CAMWIRE_HOST = 1, CAMWIRE_CUDA = 2 };                   /* DLPack's kDLCPU and kDLCUDA */
enum { CAMWIRE_INT = 0, CAMWIRE_UINT = 1, CAMWIRE_FLOAT = 2 }; /* DLPack's type codes */

typedef struct {
  void *data;
  uint64_t bytes; /* of the memory, where it is known, else of what the shape says */
  int64_t shape[CAMWIRE_MOST_SIDES];
  int32_t sides; /* may be more than fit into `shape`: such a tensor can't be handed on */
  int32_t code;
  int32_t bits;
  int32_t device;     /* CAMWIRE_HOST or CAMWIRE_CUDA */
  int32_t device_id;  /* which GPU */
  int32_t pad;        /* the frame's pad of the muxer; -1 for a whole batch */
  uint32_t meta_id;   /* which of several preprocessed tensors of one buffer */
  char name[CAMWIRE_LONGEST_NAME];
} CamwireTensor;

/* What a row of a preprocessed tensor was made of: picture = (tensor - offset) / scale + left, likewise for y. */
typedef struct {
  int32_t pad; /* the frame's pad of the muxer */
  float left;  /* of the region, in pixels of the batch's picture */
  float top;
  float width;
  float height;
  float scale_x;
  float scale_y;
  float offset_x;
  float offset_y;
} CamwireRegion;

/* What nvdspreprocess made. Returns how many there are, which may be more than `capacity`. */
int32_t camwire_preprocessed(const void *batch_meta, CamwireTensor *tensors, int32_t capacity);

/* What the rows of the `number`-th of these tensors are of. Returns how many there are, as above. */
int32_t camwire_regions(const void *batch_meta, int32_t number, CamwireRegion *regions, int32_t capacity);

/* What nvinfer put out, which has output-tensor-meta=1: a tensor a layer and frame, or region where nvdspreprocess cut
 * the regions. On the GPU where they are there. */
int32_t camwire_inferred(const void *batch_meta, CamwireTensor *tensors, int32_t capacity);

/* A DLManagedTensor of a tensor, its sides in the order of `axes`. `retain(owner)` is called now,
 * `release(owner)` once when the consumer calls the deleter. Null where `axes` is no permutation. */
void *camwire_dlpack(const CamwireTensor *tensor, const int32_t *axes, void *owner, void (*retain)(void *),
                     void (*release)(void *));

/* How many DLManagedTensors of this process haven't been let go of yet. */
int32_t camwire_dlpack_alive(void);

#ifdef __cplusplus
}
#endif
#endif
