#include "agent/nixos/loader_entries.h"

#include <fnmatch.h>
#include <string.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "agent/nixos/boot_loader.h"
#include "agent/nixos/uki_command_line.h"
#include "lib/os/durable_file.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxEntries = 10000;
constexpr size_t kMaxFile = 64 * 1024;
constexpr std::string_view kBlank = " \t\r";

using Fields = std::map<std::string, std::string>;

// "KEY VALUE" a line. Of a key that is there twice the last one counts; "options" are added up.
Fields Parse(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlank)));
    if (line.empty() || line[0] == '#') continue;
    const std::string key(line.substr(0, line.find_first_of(kBlank)));
    std::string_view value = line.substr(key.size());
    value.remove_prefix(std::min(value.size(), value.find_first_not_of(kBlank)));
    value = value.substr(0, value.find_last_not_of(kBlank) + 1);
    std::string& field = fields[key];
    if (key == "options" && !field.empty()) {
      field += " " + std::string(value);
    } else {
      field = value;
    }
  }
  return fields;
}

std::optional<int> Number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "nixos-generation-7+2-1.conf": two starts left, one done.
LoaderEntry Named(const std::string& file) {
  const std::string name = LowerCase(file);
  LoaderEntry entry{.id = name, .file_name = name};
  const size_t dot = name.rfind('.');
  const size_t plus = name.rfind('+', dot);
  if (plus != std::string::npos) {
    const std::string_view counter = std::string_view(name).substr(plus + 1, dot - plus - 1);
    const size_t dash = counter.find('-');
    const std::optional<int> left = Number(counter.substr(0, dash));
    const std::optional<int> done =
        dash == std::string_view::npos ? std::optional(0) : Number(counter.substr(dash + 1));
    if (left && done) {
      entry.tries_left = left;
      entry.tries_done = *done;
      entry.id = name.substr(0, plus) + name.substr(dot);
    }
  }
  return entry;
}

std::optional<LoaderEntry> ReadConfEntry(const fs::path& boot, const fs::path& path) {
  const Result<std::string> text = ReadFile(path, kMaxFile);
  if (!text) return std::nullopt;
  Fields fields = Parse(*text);
  std::string& uki = fields["uki"];
  std::error_code ignored;
  const auto starts = [&](const std::string& file) {
    return !file.empty() && fs::exists(boot / fs::path(file).relative_path(), ignored);
  };
  if (!starts(fields["linux"]) && !starts(fields["efi"]) && !starts(uki)) return std::nullopt;
  LoaderEntry entry = Named(path.filename());
  entry.sort_key = fields["sort-key"];
  entry.machine_id = fields["machine-id"];
  entry.version = fields["version"];
  entry.system = SystemOf(fields["options"]);
  if (!entry.system && !uki.empty()) {
    const Result<std::string> line = ReadUkiCommandLine(boot / fs::path(uki).relative_path());
    if (line) entry.system = SystemOf(*line);
  }
  return entry;
}

// Of the os-release in the image systemd-boot takes its sort key and version; the names of
// Lanzaboote's, which have the number of the generation, sort alike.
std::optional<LoaderEntry> ReadUkiEntry(const fs::path& /*boot*/, const fs::path& path) {
  const Result<std::string> line = ReadUkiCommandLine(path);
  if (!line) return std::nullopt;
  LoaderEntry entry = Named(path.filename());
  entry.sort_key = "lanza";
  entry.system = SystemOf(*line);
  return entry;
}

using ReadEntry = std::optional<LoaderEntry> (*)(const fs::path& boot, const fs::path& path);

// Whether there is such a folder.
Result<bool> ReadFolder(const fs::path& boot, const char* folder, std::string_view suffix,
                        ReadEntry read, std::vector<LoaderEntry>& entries) {
  std::error_code error;
  fs::directory_iterator file(boot / folder, error);
  if (error == std::errc::no_such_file_or_directory) return false;
  size_t files = 0;
  for (; !error && file != fs::directory_iterator(); file.increment(error)) {
    if (++files > kMaxEntries) {
      return Fail(ErrorCode::kInvalidArgument,
                  (boot / folder).string() + " has more than 10,000 files");
    }
    if (!file->path().native().ends_with(suffix)) continue;
    std::optional<LoaderEntry> entry = read(boot, file->path());
    if (entry) entries.push_back(*std::move(entry));
  }
  if (error) return Fail(OsError("read " + (boot / folder).string(), error.value()));
  return true;
}

bool IsBad(const LoaderEntry& entry) { return entry.tries_left == 0; }

bool ComesBefore(const LoaderEntry& a, const LoaderEntry& b) {
  if (IsBad(a) != IsBad(b)) return IsBad(b);
  if (a.sort_key.empty() != b.sort_key.empty()) return b.sort_key.empty();
  if (!a.sort_key.empty()) {
    if (std::tie(a.sort_key, a.machine_id) != std::tie(b.sort_key, b.machine_id)) {
      return std::tie(a.sort_key, a.machine_id) < std::tie(b.sort_key, b.machine_id);
    }
    const int order = ::strverscmp(a.version.c_str(), b.version.c_str());
    if (order != 0) return order > 0;
  }
  const int order = ::strverscmp(a.id.c_str(), b.id.c_str());
  if (order != 0) return order > 0;
  return std::pair(-a.tries_left.value_or(0), a.tries_done) <
         std::pair(-b.tries_left.value_or(0), b.tries_done);
}

}  // namespace

Result<std::vector<LoaderEntry>> ReadLoaderEntries(const std::vector<fs::path>& boot) {
  std::vector<LoaderEntry> entries;
  std::string where;
  bool found = false;
  for (const fs::path& partition : boot) {
    MATIC_ASSIGN(const bool conf,
                 ReadFolder(partition, "loader/entries", ".conf", ReadConfEntry, entries));
    MATIC_ASSIGN(const bool uki, ReadFolder(partition, "EFI/Linux", ".efi", ReadUkiEntry, entries));
    found = found || conf || uki;
    where += (where.empty() ? "" : ", ") + (partition / "loader/entries").string();
  }
  if (!found) {
    return Fail(ErrorCode::kNotFound,
                "there are no boot entries (" + where + "): is the boot partition mounted there?");
  }
  SortLoaderEntries(entries);
  return entries;
}

const LoaderEntry* FindLoaderEntry(const std::vector<LoaderEntry>& entries, std::string pattern,
                                   BadEntries bad) {
  if (pattern.empty()) return nullptr;
  pattern = LowerCase(std::move(pattern));
  const auto find = [&](const std::string& wanted) {
    return std::ranges::find_if(entries, [&](const LoaderEntry& entry) {
      const auto matches = [&](const std::string& name) {
        return ::fnmatch(wanted.c_str(), name.c_str(), 0) == 0;
      };
      return (matches(entry.id) || matches(entry.file_name)) &&
             !(bad == BadEntries::kPassedBy && entry.tries_left == 0);
    });
  };
  auto entry = find(pattern);
  if (entry == entries.end()) entry = find(pattern + ".conf");
  return entry == entries.end() ? nullptr : &*entry;
}

void SortLoaderEntries(std::vector<LoaderEntry>& entries) {
  std::ranges::stable_sort(entries, ComesBefore);
}

Result<LoaderConfiguration> ReadLoaderConfiguration(const fs::path& file) {
  const Result<std::string> text = ReadFile(file, kMaxFile);
  if (!text && text.error().code == ErrorCode::kNotFound) return LoaderConfiguration{};
  if (!text) return Fail(text.error());
  Fields fields = Parse(*text);
  return LoaderConfiguration{.preferred = fields["preferred"], .start = fields["default"]};
}

}  // namespace matic::nixos
