// What --output json prints.
#pragma once

#include <google/protobuf/message.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace matic::osctl {

enum class JsonLayout { kPretty, kOneLine };

// Answers of a node: protobuf's mapping with the field names of the .proto file, every field
// present. Without a line break at its end.
std::string ToJson(const google::protobuf::Message& message, JsonLayout layout);

// An object of ours, indented, without a line break at its end. Names of files, and bytes of
// foreign ones, may be no UTF-8, which JSON has no other way to say: there they are U+FFFD.
std::string ToJson(const nlohmann::json& object);
std::string ToJson(const nlohmann::ordered_json& object);

}  // namespace matic::osctl
