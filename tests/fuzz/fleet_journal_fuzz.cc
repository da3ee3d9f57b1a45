// What the journal of a fleet's runs holds: a plan, and events. The input is 'p' or 'e', and the
// JSON.

#include "osctl/fleet/planner/event.h"
#include "osctl/fleet/planner/plan_json.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;

// What is written of what was read says the same: a run goes on with what it began with.
template <typename T>
void TryJson(std::string_view json, Result<T> (*parse)(std::string_view)) {
  const Result<T> read = parse(json);
  if (!read) {
    FUZZ_CLAIM(read.error().code == ErrorCode::kCorrupt);
    return;
  }
  const std::string written = fleet::ToJson(*read);
  FUZZ_CLAIM(written.find('\n') == std::string::npos);
  const Result<T> back = parse(written);
  FUZZ_CLAIM(back && *back == *read);
  FUZZ_CLAIM(fleet::ToJson(*back) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view json = fuzz::Text(data + 1, size - 1);
  if (data[0] == 'p') {
    TryJson<fleet::Plan>(json, &fleet::ParsePlan);
  } else {
    TryJson<fleet::Event>(json, &fleet::ParseEvent);
  }
  return 0;
}
