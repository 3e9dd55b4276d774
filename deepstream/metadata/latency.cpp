#include "latency.h"

#include <cstdio>

#include "deepstream.h"

using namespace camwire;

EXPORTED int32_t camwire_latencies(const void *meta, CamwireLatency *latencies, int32_t capacity) {
  int32_t count = 0;
  for_each_user_meta(batch_of(meta).batch_user_meta_list, NVDS_LATENCY_MEASUREMENT_META, [&](const void *data) {
    const auto &found = *static_cast<const NvDsMetaCompLatency *>(data);
    // An element that the batch is still in has no end yet.
    if (found.out_system_timestamp < found.in_system_timestamp) return;
    if (count < capacity) {
      CamwireLatency &one = latencies[count];
      std::snprintf(one.component, sizeof one.component, "%s", found.component_name);
      one.milliseconds = found.out_system_timestamp - found.in_system_timestamp;
    }
    ++count;
  });
  return count;
}
