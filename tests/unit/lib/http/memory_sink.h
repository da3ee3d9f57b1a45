// An answer, kept.
#pragma once

#include <span>
#include <string>

#include "lib/http/http_client.h"

namespace matic::http {

class MemorySink final : public BodySink {
 public:
  Result<> Begin(const ResponseHead& answer) override {
    head = answer;
    ++begun;
    if (refuse_head) return Fail(ErrorCode::kRefused, "the sink does not want it");
    return {};
  }
  Result<> Write(std::span<const uint8_t> bytes) override {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }

  ResponseHead head;
  std::string body;
  int begun = 0;
  bool refuse_head = false;
};

}  // namespace matic::http
