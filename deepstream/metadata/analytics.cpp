#include "analytics.h"

#include <cstring>
#include <map>
#include <string>

#include "deepstream.h"

using namespace camwire;

namespace {

std::string json(const std::string &text) {
  std::string shown = "\"";
  for (const char sign : text) {
    if (sign == '"' || sign == '\\') shown += '\\';
    // A control character can't stand in JSON, and says nothing in a label.
    shown += static_cast<unsigned char>(sign) < 0x20 ? ' ' : sign;
  }
  return shown + "\"";
}

std::string json(bool value) { return value ? "true" : "false"; }
std::string json(uint32_t value) { return std::to_string(value); }
std::string json(uint64_t value) { return std::to_string(value); }

std::string key(const std::string &label) { return json(label); }
std::string key(int class_id) { return json(std::to_string(class_id)); }

// Items with commas between them.
class Row {
 public:
  void add(const std::string &item) { text_ += (text_.empty() ? "" : ", ") + item; }
  std::string between(char first, char last) const { return first + text_ + last; }

 private:
  std::string text_;
};

// Sorted, so that the same counts are the same text.
template <typename Counts>
std::string json_of_map(const Counts &counts) {
  std::map<std::string, std::string> sorted;
  for (const auto &entry : counts) sorted[key(entry.first)] = json(entry.second);
  Row row;
  for (const auto &entry : sorted) row.add(entry.first + ": " + entry.second);
  return row.between('{', '}');
}

std::string json_of_list(const std::vector<std::string> &labels) {
  Row row;
  for (const std::string &label : labels) row.add(json(label));
  return row.between('[', ']');
}

std::string json_of_object(const NvDsAnalyticsObjInfo &found, int32_t place) {
  return "{\"place\": " + std::to_string(place) + ", \"roiStatus\": " + json_of_list(found.roiStatus) +
         ", \"ocStatus\": " + json_of_list(found.ocStatus) + ", \"lcStatus\": " + json_of_list(found.lcStatus) +
         ", \"dirStatus\": " + json(found.dirStatus) + ", \"objStatus\": " + json(found.objStatus) + "}";
}

std::string json_of_objects(const NvDsFrameMeta &frame) {
  Row row;
  for_each_object(frame, [&](const NvDsObjectMeta &object, int32_t place) {
    for_each_user_meta(object.obj_user_meta_list, NVDS_USER_OBJ_META_NVDSANALYTICS, [&](const void *data) {
      row.add(json_of_object(*static_cast<const NvDsAnalyticsObjInfo *>(data), place));
    });
  });
  return row.between('[', ']');
}

std::string json_of_frame(const NvDsAnalyticsFrameMeta &found, const NvDsFrameMeta &frame) {
  return "{\"ocStatus\": " + json_of_map(found.ocStatus) + ", \"objInROIcnt\": " + json_of_map(found.objInROIcnt) +
         ", \"objLCCurrCnt\": " + json_of_map(found.objLCCurrCnt) +
         ", \"objLCCumCnt\": " + json_of_map(found.objLCCumCnt) + ", \"objCnt\": " + json_of_map(found.objCnt) +
         ", \"objects\": " + json_of_objects(frame) + "}";
}

}  // namespace

EXPORTED int32_t camwire_analytics(const void *meta, char *text, int32_t size) {
  Row frames;
  bool is_there = false;
  for_each_frame(meta, [&](const NvDsFrameMeta &frame, int32_t) {
    std::string shown = "null";
    for_each_user_meta(frame.frame_user_meta_list, NVDS_USER_FRAME_META_NVDSANALYTICS, [&](const void *data) {
      shown = json_of_frame(*static_cast<const NvDsAnalyticsFrameMeta *>(data), frame);
      is_there = true;
    });
    frames.add(shown);
  });
  if (!is_there) return 0;
  const std::string shown = frames.between('[', ']');
  const auto length = static_cast<int32_t>(shown.size());
  if (length < size) std::memcpy(text, shown.c_str(), shown.size() + 1);
  return length;
}
