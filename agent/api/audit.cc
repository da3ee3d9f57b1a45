#include "agent/api/audit.h"

#include <google/protobuf/text_format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/translate.h"
#include "lib/base/time.h"
#include "lib/base/utf8.h"
#include "lib/http/url.h"
#include "lib/journal/journal.h"

namespace matic::api {
namespace {

// A request that was refused for its size may be as long as a message.
constexpr size_t kMaxDescriptionBytes = 2048;

// Some thousand calls.
constexpr size_t kMaxFileBytes = 2u << 20;

constexpr std::string_view kDone = "done";

// Whoever is refused all the time must neither wear the disk out nor push out what was done before.
constexpr std::chrono::minutes kRefusalWindow{1};
constexpr int kRefusalsInWindow = 30;

struct Call {
  const Identity& who;
  std::string method;
  std::string asked;
  std::string result;
  std::string message;
  uint64_t unheard = 0;  // refusals before this call that have no line

  bool done() const { return result == kDone; }
  std::string role() const { return who.role ? std::string(rpc::RoleName(*who.role)) : ""; }
};

void Log(const Call& call) {
  const std::string text = "audit: " + call.method + " by " + call.who.description + ": {" +
                           call.asked + "}: " + call.result + (call.done() ? "" : ": ") +
                           call.message;
  const journal::Field fields[] = {
      {"MATIC_EVENT", "audit"},      {"MATIC_METHOD", call.method},
      {"MATIC_WHO", call.who.name},  {"MATIC_ROLE", call.role()},
      {"MATIC_FROM", call.who.from}, {"MATIC_CERTIFICATE", call.who.certificate},
      {"MATIC_REQUEST", call.asked}, {"MATIC_RESULT", call.result},
  };
  const auto priority = call.done() ? journal::Priority::kInfo : journal::Priority::kWarning;
  if (journal::Send(priority, text, fields)) return;
  spdlog::log(call.done() ? spdlog::level::info : spdlog::level::warn, "{}", text);
}

v1::ScheduleUpdateRequest WithoutSecrets(v1::ScheduleUpdateRequest request) {
  request.set_source(http::PublicUrl(request.source()));
  return request;
}

std::string ToLine(const Call& call) {
  const nlohmann::ordered_json line = {
      {"version", 1},
      {"time", FormatTime(std::chrono::system_clock::now())},
      {"method", call.method},
      {"who", call.who.name},
      {"role", call.role()},
      {"from", call.who.from},
      {"certificate", call.who.certificate},
      {"request", call.asked},
      {"result", call.result},
      {"message", call.message},
      {"refusals_unheard", call.unheard},
  };
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string Describe(const google::protobuf::Message& request) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  if (const auto* update = dynamic_cast<const v1::ScheduleUpdateRequest*>(&request)) {
    printer.PrintToString(WithoutSecrets(*update), &text);
  } else if (const auto* plan = dynamic_cast<const v1::PlanUpdateRequest*>(&request)) {
    v1::PlanUpdateRequest copy;
    *copy.mutable_update() = WithoutSecrets(plan->update());
    printer.PrintToString(copy, &text);
  } else {
    printer.PrintToString(request, &text);
  }
  while (text.ends_with(' ')) text.pop_back();
  return ToUtf8(text, kMaxDescriptionBytes);
}

AuditLog::AuditLog(const std::filesystem::path& file)
    : file_(file, kMaxFileBytes), kept_(!file.empty()) {}

void AuditLog::Record(const Identity& who, std::string_view method,
                      const google::protobuf::Message& request, const Error* error) {
  const MethodRule* rule = FindRule(method);
  const bool changes = rule == nullptr || rule->changes;
  const bool denied = error != nullptr && error->code == ErrorCode::kPermission;
  if (!changes && !denied) return;
  Call call{.who = who,
            .method = std::string(method),
            .asked = Describe(request),
            .result = std::string(error == nullptr ? kDone : CodeName(error->code)),
            .message = error == nullptr ? "" : ToUtf8(error->message)};
  const std::scoped_lock lock(mutex_);
  if (denied && !MayTellRefusal()) return;
  call.unheard = std::exchange(unheard_, 0);
  Log(call);
  if (kept_) Write(ToLine(call));
}

bool AuditLog::MayTellRefusal() {
  const auto now = std::chrono::steady_clock::now();
  if (now - window_began_ >= kRefusalWindow) {
    window_began_ = now;
    refusals_ = 0;
  }
  if (++refusals_ <= kRefusalsInWindow) return true;
  ++unheard_;
  return false;
}

void AuditLog::Write(const std::string& line) {
  auto written = file_.Append(line);
  if (!written && problem_.empty()) spdlog::error("audit: {}", written.error().message);
  problem_ = written ? "" : "the audit log cannot be written: " + written.error().message;
}

std::string AuditLog::problem() const {
  const std::scoped_lock lock(mutex_);
  return problem_;
}

}  // namespace matic::api
