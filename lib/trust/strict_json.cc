#include "lib/trust/strict_json.h"

#include <utility>
#include <vector>

namespace matic::trust {
namespace {

using nlohmann::json;

// Builds the document, and stops at the first thing that a well-meant one has not.
class Builder final : public nlohmann::json_sax<json> {
 public:
  Builder() {}                       // not noexcept, as the defaulted one would be: json may throw
  Builder(const Builder&) = delete;  // it points into itself
  Builder& operator=(const Builder&) = delete;

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return Stop("binary data"); }
  bool start_object(size_t) override { return Open(json::object()); }
  bool start_array(size_t) override { return Open(json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& value) override {
    // Not the key itself: it may be as long as the document.
    if (open_.back()->contains(value)) return Stop("an object has a key twice");
    key_ = std::move(value);
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Stop("not JSON at byte " + std::to_string(position));
  }

  Result<json> Take() && {
    if (!problem_.empty()) return Fail(ErrorCode::kCorrupt, problem_);
    return Result<json>(std::move(root_));
  }

 private:
  bool Stop(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  json& Place(json value) {
    if (open_.empty()) return root_ = std::move(value);
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return parent.back();
    }
    return parent[key_] = std::move(value);
  }

  bool Add(json value) {
    Place(std::move(value));
    return true;
  }

  bool Open(json value) {
    if (open_.size() == kMaxJsonDepth) {
      return Stop("nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    // A value moves only when its parent takes another, and the parent of an open one does not.
    open_.push_back(&Place(std::move(value)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  json root_;
  std::vector<json*> open_;
  std::string key_;
  std::string problem_;
};

}  // namespace

Result<json> ParseStrictJson(std::string_view text, size_t limit) {
  if (text.size() > limit) {
    return Fail(ErrorCode::kCorrupt, std::to_string(text.size()) + " bytes, and at most " +
                                         std::to_string(limit) + " are taken");
  }
  Builder builder;
  json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder).Take();
}

}  // namespace matic::trust
