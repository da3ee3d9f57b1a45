#include <unistd.h>
#include <yaml-cpp/eventhandler.h>

#include <map>
#include <set>
#include <sstream>

#include "agent/config/fields.h"
#include "agent/config/values.h"
#include "lib/os/durable_file.h"

namespace matic::config {
namespace {

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

std::string Place(const std::filesystem::path& file, const YAML::Mark& mark) {
  if (mark.is_null()) return file.string();
  return file.string() + ":" + std::to_string(mark.line + 1);
}

class Loader {
 public:
  Loader() : fields_(FieldsOf(config_)) {}

  Result<> Add(const std::filesystem::path& file, MissingFile missing) {
    auto text = ReadFile(file, kMaxFileBytes);
    if (!text && text.error().code == ErrorCode::kNotFound && missing == MissingFile::kSkipped) {
      return {};
    }
    if (!text) return Fail(text.error());
    try {
      RefuseUnboundedDocuments(*text);
      const YAML::Node root = YAML::Load(*text);
      return TakeSection({file, "", fields_}, root, "");
    } catch (const YAML::Exception& error) {
      return Fail(ErrorCode::kInvalidArgument, Place(file, error.mark) + ": " + error.msg);
    }
  }

  Result<Config> Finish() {
    if (config_.trial_deadline < config_.health.timeout + kTrialDeadlineMargin) {
      return Contradiction("trial_deadline_seconds", "health.timeout_seconds",
                           "must be at least " + std::to_string(kTrialDeadlineMargin.count()) +
                               " more than health.timeout_seconds (" +
                               std::to_string(config_.health.timeout.count()) + "), is " +
                               std::to_string(config_.trial_deadline.count()));
    }
    if (const auto wrong = ContradictionIn(config_.health)) {
      return Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.notifications)) {
      return Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.trust, config_.channel)) {
      return Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (!config_.boot_facts.empty() && config_.disk == "auto") {
      return Contradiction("boot_facts", "disk", "needs `disk` to be a plain file, is 'auto'");
    }
    if (config_.name.empty()) config_.name = HostName();
    // Two agents on one machine, as tests have them, must not meet there.
    if (!places_.contains("api.reader_socket")) {
      config_.api.reader_socket = config_.api.socket.parent_path() / "reader.sock";
    }
    return config_;
  }

 private:
  // Where a section's keys are looked up.
  struct Scope {
    const std::filesystem::path& file;
    std::string origin;  // of an item in a list: "health.checks.http[0]."
    const std::vector<Field>& fields;
  };

  Result<> TakeSection(const Scope& scope, const YAML::Node& section, const std::string& prefix) {
    if (section.IsNull()) return {};  // all of its keys are commented out
    if (!section.IsMap()) {
      const std::string shown = scope.origin + prefix;
      return Refuse(scope.file, section, shown.empty() ? "" : shown.substr(0, shown.size() - 1),
                    "must be keys with values");
    }
    std::set<std::string> seen;
    for (const auto& entry : section) {
      if (!entry.first.IsScalar())
        return Refuse(scope.file, entry.first, "", "a key must be a name");
      const std::string key = prefix + entry.first.Scalar();
      if (!seen.insert(key).second) {
        return Refuse(scope.file, entry.first, scope.origin + key, "is given twice");
      }
      MATIC_TRY(TakeEntry(scope, entry.first, entry.second, key));
    }
    return {};
  }

  Result<> TakeEntry(const Scope& scope, const YAML::Node& name, const YAML::Node& value,
                     const std::string& key) {
    for (const Field& field : scope.fields) {
      if (field.key != key) continue;
      if (field.read_items) {
        MATIC_TRY(TakeItems(scope, name, value, key, *field.read_items()));
      } else if (const auto wrong = field.read(value)) {
        return Refuse(scope.file, name, scope.origin + key, *wrong);
      }
      places_[scope.origin + key] = Place(scope.file, name.Mark());
      return {};
    }
    for (const Field& field : scope.fields) {
      if (field.key.starts_with(key + ".")) return TakeSection(scope, value, key + ".");
    }
    return Refuse(scope.file, name, scope.origin + key, "no such key");
  }

  Result<> TakeItems(const Scope& scope, const YAML::Node& name, const YAML::Node& list,
                     const std::string& key, ItemReader& reader) {
    if (const auto wrong = WrongList(list, 0)) {
      return Refuse(scope.file, name, scope.origin + key, *wrong);
    }
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string item = scope.origin + key + "[" + std::to_string(i) + "]";
      if (!list[i].IsMap()) return Refuse(scope.file, list[i], item, "must be keys with values");
      const std::vector<Field> fields = reader.Add();
      MATIC_TRY(TakeSection({scope.file, item + ".", fields}, list[i], ""));
      if (const auto wrong = reader.Wrong()) return Refuse(scope.file, list[i], item, *wrong);
    }
    reader.Keep();
    return {};
  }

  static tl::unexpected<Error> Refuse(const std::filesystem::path& file, const YAML::Node& at,
                                      const std::string& key, const std::string& wrong) {
    return Fail(ErrorCode::kInvalidArgument,
                Place(file, at.Mark()) + ": " + (key.empty() ? "" : key + ": ") + wrong);
  }

  // Two keys that do not go together, told at the place where one of them was set.
  tl::unexpected<Error> Contradiction(const std::string& key, const std::string& other,
                                      const std::string& wrong) {
    const auto place = places_.contains(key) ? places_.find(key) : places_.find(other);
    const std::string where = place == places_.end() ? "" : place->second + ": ";
    return Fail(ErrorCode::kInvalidArgument, where + key + ": " + wrong);
  }

  static std::string HostName() {
    char name[256] = {};
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
  }

  Config config_;
  std::vector<Field> fields_;
  std::map<std::string, std::string> places_;  // of each key that a file set
};

}  // namespace

Result<Config> Load(const std::vector<std::filesystem::path>& files, MissingFile missing) {
  Loader loader;
  for (const auto& file : files) MATIC_TRY(loader.Add(file, missing));
  return loader.Finish();
}

}  // namespace matic::config
