// Answers of a node as JSON: protobuf's mapping with the field names of the .proto file, every
// field present.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace matic::osctl {

enum class JsonLayout { kPretty, kOneLine };

// Without a line break at its end.
std::string ToJson(const google::protobuf::Message& message, JsonLayout layout);

}  // namespace matic::osctl
