/* Lines and texts that nvdsosd draws on a batch's frames. A C interface, for ctypes. */
#ifndef CAMWIRE_METADATA_DISPLAY_H
#define CAMWIRE_METADATA_DISPLAY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t frame; /* position among the batch's frames */
  uint32_t x1;   /* pixels of the batch's picture */
  uint32_t y1;
  uint32_t x2;
  uint32_t y2;
  uint32_t width;
  float colour[3]; /* red, green, blue, 0 to 1 */
} CamwireLine;

typedef struct {
  int32_t frame;
  uint32_t left;
  uint32_t top;
  uint32_t size;   /* of the font, in points */
  float colour[3]; /* the letters'; they stand on black */
} CamwireText;

/* Attaches display metadata: as many as it takes, for each holds no more than 16 of a kind. `words` are in UTF-8,
 * one for each text. Returns how many lines and texts were attached; fewer than given where there is no such frame,
 * or DeepStream has no more metadata to give. */
int32_t camwire_display(void *meta, const CamwireLine *lines, int32_t line_count, const CamwireText *texts,
                        const char *const *words, int32_t text_count);

#ifdef __cplusplus
}
#endif
#endif
