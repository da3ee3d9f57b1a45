#include <nlohmann/json.hpp>

#include "lib/settings/edit.h"
#include "osctl/fleet/inventory/describe.h"

namespace matic::fleet {
namespace {

using Json = nlohmann::ordered_json;

std::string Scalar(const Json& value) {
  return value.is_string() ? settings::WrittenText(value.get<std::string>()) : value.dump();
}

std::string List(const Json& list) {
  std::string text = "[";
  for (const Json& item : list) text += (text.size() > 1 ? ", " : "") + Scalar(item);
  return text + "]";
}

void Append(const Json& object, size_t indent, std::string& text) {
  for (const auto& [key, value] : object.items()) {
    text += std::string(indent, ' ') + settings::WrittenText(key) + ":";
    if (value.is_object() && !value.empty()) {
      text += "\n";
      Append(value, indent + 2, text);
    } else if (value.is_object()) {
      text += " {}\n";
    } else {
      text += " " + (value.is_array() ? List(value) : Scalar(value)) + "\n";
    }
  }
}

}  // namespace

std::string ToYaml(const Json& object) {
  std::string text;
  Append(object, 0, text);
  return text;
}

}  // namespace matic::fleet
