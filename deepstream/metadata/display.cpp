#include "display.h"

#include <vector>

#include "deepstream.h"

using namespace camwire;

namespace {

// nvdsosd's own font, which DeepStream doesn't free.
char kFont[] = "Serif";

NvOSD_ColorParams opaque(const float *colour) { return {colour[0], colour[1], colour[2], 1.0}; }

// Each frame's display metadata that has room, and a new one where it is full.
class Displays {
 public:
  explicit Displays(NvDsBatchMeta &meta) : meta_(meta) {
    for_each_frame(&meta, [&](NvDsFrameMeta &frame, int32_t) { frames_.push_back({&frame, nullptr}); });
  }

  bool add(const CamwireLine &line) {
    NvDsDisplayMeta *display = with_room(line.frame, &NvDsDisplayMeta::num_lines);
    if (!display) return false;
    NvOSD_LineParams &one = display->line_params[display->num_lines++];
    one.x1 = line.x1;
    one.y1 = line.y1;
    one.x2 = line.x2;
    one.y2 = line.y2;
    one.line_width = line.width;
    one.line_color = opaque(line.colour);
    return true;
  }

  bool add(const CamwireText &text, const char *words) {
    NvDsDisplayMeta *display = with_room(text.frame, &NvDsDisplayMeta::num_labels);
    if (!display) return false;
    NvOSD_TextParams &one = display->text_params[display->num_labels++];
    one.display_text = g_strdup(words);  // given back with the metadata
    one.x_offset = text.left;
    one.y_offset = text.top;
    one.font_params.font_name = kFont;
    one.font_params.font_size = text.size;
    one.font_params.font_color = opaque(text.colour);
    one.set_bg_clr = 1;
    one.text_bg_clr = {0.0, 0.0, 0.0, 1.0};
    return true;
  }

 private:
  struct Place {
    NvDsFrameMeta *frame;
    NvDsDisplayMeta *newest;
  };

  NvDsDisplayMeta *with_room(int32_t position, guint NvDsDisplayMeta::*count) {
    if (position < 0 || static_cast<size_t>(position) >= frames_.size()) return nullptr;
    Place &place = frames_[position];
    if (!place.newest || place.newest->*count == MAX_ELEMENTS_IN_DISPLAY_META) {
      place.newest = nvds_acquire_display_meta_from_pool(&meta_);
      if (place.newest) nvds_add_display_meta_to_frame(place.frame, place.newest);
    }
    return place.newest;
  }

  NvDsBatchMeta &meta_;
  std::vector<Place> frames_;
};

}  // namespace

EXPORTED int32_t camwire_display(void *meta, const CamwireLine *lines, int32_t line_count, const CamwireText *texts,
                                 const char *const *words, int32_t text_count) {
  Displays displays(*static_cast<NvDsBatchMeta *>(meta));
  int32_t attached = 0;
  for (int32_t i = 0; i < line_count; ++i) attached += displays.add(lines[i]);
  for (int32_t i = 0; i < text_count; ++i) attached += displays.add(texts[i], words[i]);
  return attached;
}
