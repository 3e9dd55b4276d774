// For camwire's own sources: DeepStream's headers, and how its lists are walked.
#ifndef CAMWIRE_METADATA_DEEPSTREAM_H
#define CAMWIRE_METADATA_DEEPSTREAM_H

#include <cstdint>

#ifdef CAMWIRE_MINIMAL_HEADERS
#include "deepstream_minimal.h"
#else
#include <gst/gst.h>

#include "gstnvdsinfer.h"
#include "gstnvdsmeta.h"
#include "nvbufsurface.h"
#include "nvds_analytics_meta.h"
#include "nvds_latency_meta.h"
#include "nvdspreprocess_meta.h"
#endif

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace camwire {

inline const NvDsBatchMeta &batch_of(const void *meta) { return *static_cast<const NvDsBatchMeta *>(meta); }

// Calls `use(frame, position)`.
template <typename Use>
void for_each_frame(const void *meta, Use use) {
  int32_t position = 0;
  for (const GList *item = batch_of(meta).frame_meta_list; item; item = item->next)
    use(*static_cast<NvDsFrameMeta *>(item->data), position++);
}

// Calls `use(object, place)` with the objects of one frame.
template <typename Use>
void for_each_object(const NvDsFrameMeta &frame, Use use) {
  int32_t place = 0;
  for (const GList *item = frame.obj_meta_list; item; item = item->next)
    use(*static_cast<NvDsObjectMeta *>(item->data), place++);
}

// Calls `use(data)` with the user metadata of one type in a list. The type's number differs between releases: it
// comes by name, from the headers of the release that this is built for.
template <typename Use>
void for_each_user_meta(const GList *list, NvDsMetaType type, Use use) {
  for (; list; list = list->next) {
    const auto *meta = static_cast<const NvDsUserMeta *>(list->data);
    if (meta && meta->base_meta.meta_type == type && meta->user_meta_data) use(meta->user_meta_data);
  }
}

}  // namespace camwire

#endif
