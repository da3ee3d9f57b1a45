#include "agent/nixos/activation_record.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "lib/os/durable_file.h"
#include "lib/os/kept_json.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMaxNote = 1024 * 1024;
constexpr size_t kMaxResult = 16 * 1024;
constexpr uint64_t kShownOutput = 64 * 1024;

constexpr const char* kNote = "activation.json";
constexpr const char* kOutput = "activation.output";
constexpr const char* kResult = "activation.result";

Result<ActivationNote> NoteFrom(const json& note) {
  try {
    return ActivationNote{.id = note.at("id").get<std::string>(),
                          .system = note.at("system").get<std::string>(),
                          .boot_id = note.at("boot_id").get<std::string>(),
                          .failed_before = note.at("failed_before").get<UnitNames>()};
  } catch (const json::exception& error) {
    return Fail(ErrorCode::kCorrupt, error.what());
  }
}

// "exit 4": a word, a blank and the rest.
std::map<std::string, std::string> Fields(const std::string& text) {
  std::map<std::string, std::string> fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t blank = line.find(' ');
    if (blank != std::string::npos) fields[line.substr(0, blank)] = line.substr(blank + 1);
  }
  return fields;
}

std::optional<int> Number(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<> Delete(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (error) return Fail(OsError("delete " + file.string(), error.value()));
  return {};
}

}  // namespace

Result<std::optional<ActivationNote>> ActivationRecord::Load() const {
  KeptJson file(folder_ / kNote, kMaxNote);
  const Result<std::optional<json>> kept = file.Load();
  if (kept && !*kept) return std::nullopt;
  const Result<ActivationNote> note = kept ? NoteFrom(**kept) : Fail(kept.error());
  if (note) return *note;
  const Error problem = kept ? file.Reject(note.error().message) : kept.error();
  if (problem.code != ErrorCode::kCorrupt) return Fail(problem);
  spdlog::warn("{}", problem.message);
  return std::nullopt;
}

Result<> ActivationRecord::Save(const ActivationNote& note) const {
  const json text = {{"version", 1},
                     {"id", note.id},
                     {"system", note.system.string()},
                     {"boot_id", note.boot_id},
                     {"failed_before", note.failed_before}};
  MATIC_TRY(Delete(folder_ / kResult));
  MATIC_TRY(Delete(folder_ / kOutput));
  return WriteFileDurably(folder_ / kNote,
                          text.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Result<> ActivationRecord::Remove() const {
  for (const char* name : {kNote, kResult, kOutput}) MATIC_TRY(Delete(folder_ / name));
  return {};
}

Result<std::optional<int>> ActivationRecord::ExitCode(const ActivationNote& note) const {
  const fs::path path = folder_ / kResult;
  const Result<std::string> text = ReadFile(path, kMaxResult);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text && text.error().code != ErrorCode::kInvalidArgument) return Fail(text.error());
  std::map<std::string, std::string> fields = text ? Fields(*text) : Fields("");
  const std::optional<int> code = Number(fields["exit"]);
  if (!code || fields["id"].empty() || fields["system"].empty() || fields["boot"].empty()) {
    MATIC_ASSIGN(const fs::path aside, SetAside(path));
    return Fail(ErrorCode::kCorrupt, path.string() +
                                         " is no result of an activation; it was set aside as " +
                                         aside.filename().string());
  }
  const bool ours = fields["id"] == note.id && fields["system"] == note.system.string() &&
                    fields["boot"] == note.boot_id;
  return ours ? code : std::nullopt;
}

ActivationRecord::Output ActivationRecord::OutputFrom(uint64_t offset) const {
  Output output{.text = {}, .end = offset};
  std::error_code error;
  const uint64_t size = fs::file_size(folder_ / kOutput, error);
  if (error || size <= offset) return output;
  const uint64_t shown = std::min(size - offset, kShownOutput);
  output.text.resize(shown);
  std::ifstream file(folder_ / kOutput, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(size - shown));
  file.read(output.text.data(), static_cast<std::streamsize>(shown));
  output.text.resize(static_cast<size_t>(file.gcount()));
  output.end = size;
  return output;
}

std::string ActivationRecord::Script() {
  // The output goes to a file, since a pipe to a journal that is restarted meanwhile could end the
  // activation; the journal gets it afterwards. Whatever the exit code was, a result that is
  // written is a success of the unit: it must not be counted among the failed ones.
  return R"(cd "$3" || exit 1
(cd / && exec "$1/bin/switch-to-configuration" test) >activation.output 2>&1 </dev/null
code=$?
sync activation.output
printf 'id %s\nsystem %s\nboot %s\nexit %s\n' "$4" "$1" "$2" "$code" >activation.new &&
sync activation.new && mv -f activation.new activation.result || exit 1
sync .
cat activation.output
exit 0)";
}

}  // namespace matic::nixos
