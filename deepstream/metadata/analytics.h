/* What nvdsanalytics says of a batch's frames and objects. A C interface, for ctypes. */
#ifndef CAMWIRE_METADATA_ANALYTICS_H
#define CAMWIRE_METADATA_ANALYTICS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As JSON: a list with an entry for each frame, null where no nvdsanalytics has been there. The names are those of
 * DeepStream's own structures:
 *
 *   {"ocStatus": {label: bool}, "objInROIcnt": {label: number}, "objLCCurrCnt": {...}, "objLCCumCnt": {...},
 *    "objCnt": {class: number},
 *    "objects": [{"place": in the frame's list, "roiStatus": [label], "ocStatus": [...], "lcStatus": [...],
 *                 "dirStatus": text, "objStatus": text}]}
 *
 * Returns the text's length, 0 where no frame has anything. A text of `size` bytes or more isn't written: ask
 * again with more room. */
int32_t camwire_analytics(const void *meta, char *json, int32_t size);

#ifdef __cplusplus
}
#endif
#endif
