// Requests as they come over the wire. The input is the number of a request below, and its bytes.
// What is valid stays in its bounds through the translation, and what the agent answers can be
// sent.

#include <iterator>

#include "agent/api/timing.h"
#include "agent/api/translate.h"
#include "agent/api/validation.h"
#include "lib/calendar/rules.h"
#include "tests/fuzz/input.h"

namespace {

using namespace matic;

void ClaimTranslated(const v1::ScheduleUpdateRequest& request) {
  const engine::ScheduleRequest translated = api::ToScheduleRequest(request);
  FUZZ_CLAIM(translated.source.size() <= api::kMaxSourceBytes);
  FUZZ_CLAIM(translated.comment.size() <= api::kMaxReasonBytes);
  FUZZ_CLAIM(translated.request_id.size() <= api::kMaxRequestIdBytes);
  FUZZ_CLAIM(translated.force.size() <= api::kMaxForced);
  FUZZ_CLAIM(translated.inputs.size() <= api::kMaxInputs);
  FUZZ_CLAIM(translated.reboot_delay.count() >= 0);
  FUZZ_CLAIM(translated.reboot_delay.count() <= api::kMaxRebootDelaySeconds);
  FUZZ_CLAIM(calendar::CheckRules(translated.timing).has_value());
  // A hook may be named by its path: that it lies in its folder is for hooks::Runner to see.
  for (const auto* names :
       {&translated.hooks.pre, &translated.hooks.post, &translated.hooks.rollback}) {
    for (const std::string& name : *names) {
      FUZZ_CLAIM(name.size() <= api::kMaxSourceBytes);
      for (const char c : name) FUZZ_CLAIM((c & 0xe0) != 0 && c != '\x7f');
    }
  }
  engine::Schedule schedule;
  schedule.id = "sched-20270101-001";
  schedule.request = translated;
  const v1::Schedule answer = api::ToMessage(schedule);
  std::string bytes;
  FUZZ_CLAIM(answer.SerializeToString(&bytes));
  const auto rules = api::ToRules(answer.timing());
  FUZZ_CLAIM(rules.has_value());
}

template <typename Request>
void Attempt(const std::string& bytes) {
  Request request;
  if (!request.ParseFromString(bytes)) return;
  const Result<> valid = api::Validate(request);
  if (!valid) {
    FUZZ_CLAIM(valid.error().code == ErrorCode::kInvalidArgument);
    // It goes into logs and to terminals.
    for (const char c : valid.error().message) FUZZ_CLAIM(c == '\t' || (c & 0xe0) != 0);
    return;
  }
  if constexpr (std::is_same_v<Request, v1::ScheduleUpdateRequest>) ClaimTranslated(request);
  // What is valid stays so on its way through another program.
  Request again;
  FUZZ_CLAIM(again.ParseFromString(request.SerializeAsString()));
  FUZZ_CLAIM(api::Validate(again).has_value());
}

// Only added to: corpora have these numbers.
constexpr void (*kRequests[])(const std::string&) = {
    Attempt<v1::ScheduleUpdateRequest>,  Attempt<v1::PlanUpdateRequest>,
    Attempt<v1::ActivateUpdateRequest>,  Attempt<v1::GetScheduleStatusRequest>,
    Attempt<v1::ListSchedulesRequest>,   Attempt<v1::CancelScheduleRequest>,
    Attempt<v1::WatchScheduleRequest>,   Attempt<v1::GetHealthRequest>,
    Attempt<v1::TriggerRollbackRequest>, Attempt<v1::GetRollbackHistoryRequest>,
    Attempt<v1::GetHistoryRequest>,      Attempt<v1::RebootRequest>,
    Attempt<v1::AcquireLeaseRequest>,    Attempt<v1::ReleaseLeaseRequest>,
    Attempt<v1::StopRunRequest>,         Attempt<v1::GetStatusRequest>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  kRequests[data[0] % std::size(kRequests)](std::string(matic::fuzz::Text(data + 1, size - 1)));
  return 0;
}
