#include <unistd.h>

#include <algorithm>

#include "agent/config/drop_ins.h"
#include "agent/config/fields.h"
#include "lib/settings/document.h"
#include "lib/settings/reader.h"

namespace matic::config {
namespace {

constexpr const char* kDropInFolder = "agent.d";

class Loader {
 public:
  Loader()
      : config_(loaded_.config),
        reader_(FieldsOf(loaded_.config), settings::Spelling::kAsFields,
                [this](const settings::Reader::Taken& taken) { return KeepSetting(taken); }) {}
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  Result<> Add(const std::filesystem::path& file, MissingFile missing) {
    const Result<Value> root = settings::ReadDocument(file);
    if (!root && root.error().code == ErrorCode::kNotFound && missing == MissingFile::kSkipped &&
        !IsSymlink(file)) {
      loaded_.missing.push_back(file);
      return {};
    }
    if (!root) return Fail(root.error());
    loaded_.read.push_back(file);
    return reader_.Take(file, *root);
  }

  Result<> AddDropIns(const std::filesystem::path& folder) {
    MATIC_ASSIGN(const DropIns found, FindDropIns(folder));
    for (const auto& file : found.files) MATIC_TRY(Add(file, MissingFile::kRefused));
    loaded_.ignored.insert(loaded_.ignored.end(), found.ignored.begin(), found.ignored.end());
    return {};
  }

  Result<Loaded> Finish() {
    if (config_.trial_deadline < config_.health.timeout + kTrialDeadlineMargin) {
      return reader_.Contradiction("trial_deadline_seconds", "health.timeout_seconds",
                                   "must be at least " +
                                       std::to_string(kTrialDeadlineMargin.count()) +
                                       " more than health.timeout_seconds (" +
                                       std::to_string(config_.health.timeout.count()) + "), is " +
                                       std::to_string(config_.trial_deadline.count()));
    }
    if (const auto wrong = ContradictionIn(config_.download)) {
      return reader_.Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.fleet_lock)) {
      return reader_.Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.health)) {
      return reader_.Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.notifications)) {
      return reader_.Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.nixos)) {
      return reader_.Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (const auto wrong = ContradictionIn(config_.backend, config_.trust, config_.channel)) {
      return reader_.Contradiction(wrong->first, wrong->first, wrong->second);
    }
    if (!config_.boot_facts.empty() && config_.disk == "auto") {
      return reader_.Contradiction("boot_facts", "disk",
                                   "needs `disk` to be a plain file, is 'auto'");
    }
    if (config_.name.empty()) config_.name = HostName();
    // Two agents on one machine, as tests have them, must not meet there.
    if (!reader_.IsSet("api.reader_socket")) {
      config_.api.reader_socket = config_.api.socket.parent_path() / "reader.sock";
    }
    return loaded_;
  }

 private:
  Result<> KeepSetting(const settings::Reader::Taken& taken) {
    Config alone;
    MATIC_TRY(settings::Reader(FieldsOf(alone)).TakeAlone(taken));
    loaded_.settings[taken.key] = std::move(alone);
    return {};
  }

  static bool IsSymlink(const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::is_symlink(file, ignored);
  }

  static std::string HostName() {
    char name[256] = {};
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
  }

  Loaded loaded_;
  Config& config_;
  settings::Reader reader_;
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
