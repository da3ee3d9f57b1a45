#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "agent/config/document.h"
#include "agent/config/drop_ins.h"
#include "agent/config/fields.h"
#include "agent/config/values.h"

namespace matic::config {
namespace {

constexpr const char* kDropInFolder = "agent.d";

class Loader {
 public:
  Loader() : fields_(FieldsOf(loaded_.config)), config_(loaded_.config) {}
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  Result<> Add(const std::filesystem::path& file, MissingFile missing) {
    const Result<YAML::Node> root = ReadDocument(file);
    if (!root && root.error().code == ErrorCode::kNotFound && missing == MissingFile::kSkipped &&
        !IsSymlink(file)) {
      loaded_.missing.push_back(file);
      return {};
    }
    if (!root) return Fail(root.error());
    loaded_.read.push_back(file);
    try {
      return TakeSection({file, "", fields_}, *root, "");
    } catch (const YAML::Exception& error) {
      return Fail(ErrorCode::kInvalidArgument, Place(file, error.mark) + ": " + error.msg);
    }
  }

  Result<> AddDropIns(const std::filesystem::path& folder) {
    MATIC_ASSIGN(const DropIns found, FindDropIns(folder));
    for (const auto& file : found.files) MATIC_TRY(Add(file, MissingFile::kRefused));
    loaded_.ignored.insert(loaded_.ignored.end(), found.ignored.begin(), found.ignored.end());
    return {};
  }

  Result<Loaded> Finish() {
    if (config_.trial_deadline < config_.health.timeout + kTrialDeadlineMargin) {
      return Contradiction("trial_deadline_seconds", "health.timeout_seconds",
                           "must be at least " + std::to_string(kTrialDeadlineMargin.count()) +
                               " more than health.timeout_seconds (" +
                               std::to_string(config_.health.timeout.count()) + "), is " +
                               std::to_string(config_.trial_deadline.count()));
    }
    if (const auto wrong = ContradictionIn(config_.download)) {
      return Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.fleet_lock)) {
      return Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.health)) {
      return Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.notifications)) {
      return Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.nixos)) {
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
    return loaded_;
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
      if (scope.origin.empty()) MATIC_TRY(KeepSetting(scope.file, name, value, key));
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

  Result<> KeepSetting(const std::filesystem::path& file, const YAML::Node& name,
                       const YAML::Node& value, const std::string& key) {
    if (is_setting_) return {};
    Loader alone;
    alone.is_setting_ = true;
    MATIC_TRY(alone.TakeEntry({file, "", alone.fields_}, name, value, key));
    loaded_.settings[key] = alone.config_;
    return {};
  }

  static bool IsSymlink(const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::is_symlink(file, ignored);
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

  Loaded loaded_;
  std::vector<Field> fields_;
  Config& config_;
  bool is_setting_ = false;                    // made for one key of another loader's
  std::map<std::string, std::string> places_;  // of each key that a file set
};

}  // namespace

Result<Loaded> LoadFiles(const std::vector<std::filesystem::path>& files, MissingFile missing) {
  Loader loader;
  std::vector<std::filesystem::path> folders;
  for (const auto& file : files) {
    std::error_code ignored;
    folders.push_back(std::filesystem::absolute(file, ignored).lexically_normal().parent_path());
  }
  for (size_t i = 0; i < files.size(); ++i) {
    MATIC_TRY(loader.Add(files[i], missing));
    const auto later = folders.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (std::find(later, folders.end(), folders[i]) == folders.end()) {
      MATIC_TRY(loader.AddDropIns(files[i].parent_path() / kDropInFolder));
    }
  }
  return loader.Finish();
}

Result<Config> Load(const std::vector<std::filesystem::path>& files, MissingFile missing) {
  MATIC_ASSIGN(Loaded loaded, LoadFiles(files, missing));
  return std::move(loaded.config);
}

}  // namespace matic::config
