#include "lib/settings/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "lib/base/utf8.h"
#include "lib/os/durable_file.h"

namespace matic::settings {
namespace {

namespace fs = std::filesystem;

size_t LineOf(const YAML::Mark& mark) {
  return mark.is_null() ? 0 : static_cast<size_t>(mark.line) + 1;
}

// Makes values of a document's events. Aliases would let a small file stand for a huge one; nobody
// needs them for settings.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(size_t limit) : limit_(limit) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Put(Begun(Value::Kind::kEmpty, mark, anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not taken here");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& text) override {
    Value value = Begun(Value::Kind::kText, mark, anchor);
    value.text = text;
    Put(std::move(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({Begun(Value::Kind::kList, mark, anchor), std::nullopt});
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({Begun(Value::Kind::kSection, mark, anchor), std::nullopt});
  }
  void OnMapEnd() override { Close(); }

  Value Take() { return std::exchange(root_, Value()); }

 private:
  struct Open {
    Value value;
    std::optional<Value> key;  // whose value comes next
  };

  Value Begun(Value::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw YAML::ParserException(mark, "anchors are not taken here");
    if (++values_ > limit_) {
      throw YAML::ParserException(mark, "far more values than there are keys");
    }
    Value value;
    value.kind = kind;
    value.line = LineOf(mark);
    value.offset = mark.is_null() ? 0 : static_cast<size_t>(mark.pos);
    return value;
  }

  void Put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& [parent, key] = open_.back();
    if (parent.IsList()) {
      parent.items.push_back(std::move(value));
    } else if (key) {
      parent.entries.push_back({std::move(*key), std::move(value)});
      key.reset();
    } else {
      key = std::move(value);
    }
  }

  void Close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    Put(std::move(value));
  }

  const size_t limit_;
  size_t values_ = 0;
  std::vector<Open> open_;
  Value root_;
};

// Throws YAML::Exception.
Value Parse(const std::string& text, size_t limit) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Builder builder(limit);
  if (!parser.HandleNextDocument(builder)) return {};
  Value root = builder.Take();
  if (parser.HandleNextDocument(builder)) {
    throw YAML::ParserException(YAML::Mark::null_mark(), "more than one YAML document");
  }
  return root;
}

// The parser makes something of any bytes, and its end of a zero byte.
Result<> RefuseOddBytes(const fs::path& file, const std::string& text) {
  const std::string clean = ToUtf8(text, 3 * text.size());
  const auto odd = std::ranges::mismatch(text, clean).in1;
  const auto zero = std::ranges::find(text, '\0');
  const auto first = std::min(odd, zero);
  if (first == text.end()) return {};
  const auto line = 1 + std::count(text.begin(), first, '\n');
  return Fail(ErrorCode::kInvalidArgument,
              Place(file, static_cast<size_t>(line)) +
                  (first == zero ? ": a zero byte is in the text" : ": the text is not UTF-8"));
}

}  // namespace

std::string Place(const fs::path& file, size_t line) {
  return line == 0 ? file.string() : file.string() + ":" + std::to_string(line);
}

Result<Value> ParseDocument(const fs::path& file, const std::string& text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    return Fail(ErrorCode::kInvalidArgument,
                file.string() + ": larger than " + std::to_string(limits.bytes) + " bytes");
  }
  MATIC_TRY(RefuseOddBytes(file, text));
  try {
    return Parse(text, limits.values);
  } catch (const YAML::Exception& error) {
    return Fail(ErrorCode::kInvalidArgument, Place(file, LineOf(error.mark)) + ": " + error.msg);
  }
}

Result<Value> ReadDocument(const fs::path& file, const Limits& limits) {
  MATIC_ASSIGN(const std::string text, ReadFile(file, limits.bytes));
  return ParseDocument(file, text, limits);
}

}  // namespace matic::settings
