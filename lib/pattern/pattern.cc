#include "lib/pattern/pattern.h"

#include <re2/re2.h>

namespace matic {
namespace {

constexpr int64_t kMaxMemory = 8 << 20;

}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::Compile(const std::string& pattern) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMaxMemory);
  auto compiled = std::make_unique<RE2>(pattern, options);
  if (!compiled->ok()) return Fail(ErrorCode::kInvalidArgument, compiled->error());
  return Pattern(std::move(compiled));
}

bool Pattern::Matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace matic
