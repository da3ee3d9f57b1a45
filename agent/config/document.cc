#include "agent/config/document.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "lib/base/utf8.h"
#include "lib/os/durable_file.h"

namespace matic::config {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = 1u << 20;
constexpr size_t kMaxNodes = 10000;

// Sees a document's events before anything is built from them. Aliases would let a small file stand
// for a huge one; nobody needs them for a few dozen keys.
class Gatekeeper final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Count(mark, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not taken here");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string&) override {
    Count(mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Count(mark, anchor);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Count(mark, anchor);
  }
  void OnMapEnd() override {}

 private:
  void Count(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw YAML::ParserException(mark, "anchors are not taken here");
    if (++nodes_ > kMaxNodes)
      throw YAML::ParserException(mark, "far more values than there are keys");
  }

  size_t nodes_ = 0;
};

// Throws YAML::Exception.
void RefuseUnboundedDocuments(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Gatekeeper gatekeeper;
  if (!parser.HandleNextDocument(gatekeeper)) return;
  if (parser.HandleNextDocument(gatekeeper)) {
    throw YAML::ParserException(YAML::Mark::null_mark(), "more than one YAML document");
  }
}

// The parser makes something of any bytes, and its end of a zero byte.
Result<> RefuseOddBytes(const fs::path& file, const std::string& text) {
  const std::string clean = ToUtf8(text, 3 * kMaxFileBytes);
  const auto odd = std::ranges::mismatch(text, clean).in1;
  const auto zero = std::ranges::find(text, '\0');
  const auto first = std::min(odd, zero);
  if (first == text.end()) return {};
  return Fail(ErrorCode::kInvalidArgument,
              file.string() + ":" + std::to_string(1 + std::count(text.begin(), first, '\n')) +
                  (first == zero ? ": a zero byte is in the text" : ": the text is not UTF-8"));
}

}  // namespace

std::string Place(const fs::path& file, const YAML::Mark& mark) {
  if (mark.is_null()) return file.string();
  return file.string() + ":" + std::to_string(mark.line + 1);
}

Result<YAML::Node> ReadDocument(const fs::path& file) {
  MATIC_ASSIGN(const std::string text, ReadFile(file, kMaxFileBytes));
  MATIC_TRY(RefuseOddBytes(file, text));
  try {
    RefuseUnboundedDocuments(text);
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    return Fail(ErrorCode::kInvalidArgument, Place(file, error.mark) + ": " + error.msg);
  }
}

}  // namespace matic::config
