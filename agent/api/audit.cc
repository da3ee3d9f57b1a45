#include "agent/api/audit.h"

#include <google/protobuf/text_format.h>
#include <spdlog/spdlog.h>

#include "agent/api/translate.h"
#include "lib/base/utf8.h"

namespace matic::api {
namespace {

// A request that was refused for its size may be as long as a message.
constexpr size_t kMaxDescriptionBytes = 2048;

}  // namespace

std::string Describe(const google::protobuf::Message& request) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  if (const auto* update = dynamic_cast<const v1::ScheduleUpdateRequest*>(&request)) {
    v1::ScheduleUpdateRequest copy = *update;
    copy.set_source(engine::WithoutCredentials(update->source()));
    printer.PrintToString(copy, &text);
  } else {
    printer.PrintToString(request, &text);
  }
  while (text.ends_with(' ')) text.pop_back();
  return ToUtf8(text, kMaxDescriptionBytes);
}

void Audit(const Identity& who, std::string_view method, const google::protobuf::Message& request,
           const Error* error) {
  const MethodRule* rule = FindRule(method);
  const bool changes = rule == nullptr || rule->changes;
  const bool denied = error != nullptr && error->code == ErrorCode::kPermission;
  if (!changes && !denied) return;
  if (error == nullptr) {
    spdlog::info("audit: {} by {}: {{{}}}: done", method, who.description, Describe(request));
  } else {
    spdlog::warn("audit: {} by {}: {{{}}}: {}: {}", method, who.description, Describe(request),
                 CodeName(error->code), ToUtf8(error->message));
  }
}

}  // namespace matic::api
