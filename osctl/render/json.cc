#include "osctl/render/json.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

namespace matic::osctl {
namespace {

template <typename Json>
std::string Indented(const Json& object) {
  return object.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message, JsonLayout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = layout == JsonLayout::kPretty;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails only for messages that hold an Any of an unknown type; ours hold none.
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string ToJson(const nlohmann::json& object) { return Indented(object); }
std::string ToJson(const nlohmann::ordered_json& object) { return Indented(object); }

}  // namespace matic::osctl
