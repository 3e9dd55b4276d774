/* How long each of DeepStream's elements took for a batch. A C interface, for ctypes. */
#ifndef CAMWIRE_METADATA_LATENCY_H
#define CAMWIRE_METADATA_LATENCY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char component[64];  /* the element's name */
  double milliseconds; /* from its input to its output */
} CamwireLatency;

/* Fills the array; returns how many there are, which may be more than `capacity`. None without
 * NVDS_ENABLE_LATENCY_MEASUREMENT in the environment. An element that handles frames one by one has one for each. */
int32_t camwire_latencies(const void *meta, CamwireLatency *latencies, int32_t capacity);

#ifdef __cplusplus
}
#endif
#endif
