#include "lib/image/file_order.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/os/durable_file.h"

namespace matic::image {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxListBytes = 16 * 1024 * 1024;
// mksquashfs packs what has a higher number first; 32767 is the highest, 0 what is not listed.
constexpr int kFirst = 32767;
constexpr std::string_view kInfo = "var/lib/dpkg/info";
constexpr std::string_view kUsr = "usr";

using Owners = std::unordered_map<std::string, std::string>;  // package by path

Result<Owners> ReadOwners(const fs::path& folder) {
  Owners owners;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".list") continue;
    MATIC_ASSIGN(const std::string list, ReadFile(entry.path(), kMaxListBytes));
    const std::string package = entry.path().stem().string();
    for (std::string_view left = list; !left.empty();) {
      const size_t end = std::min(left.find('\n'), left.size());
      // Two packages may name one file, when it is diverted: the first by name has it, always.
      auto& owner = owners[std::string(left.substr(0, end))];
      if (owner.empty() || package < owner) owner = package;
      left.remove_prefix(std::min(left.size(), end + 1));
    }
  }
  return owners;
}

std::string OwnerOf(const fs::path& path, const Owners& owners) {
  auto found = owners.find("/" + path.string());
  if (found == owners.end() && *path.begin() == kUsr) {
    // Lists name /bin/ls, which /bin -> usr/bin has moved.
    found = owners.find("/" + path.lexically_relative(kUsr).string());
  }
  if (found != owners.end()) return found->second;
  // Notes of the package itself: NAME.md5sums, NAME.postinst.
  return path.parent_path() == kInfo ? path.stem().string() : std::string();
}

std::string Escaped(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '\\' || c == '#' || c == ' ' || c == '\t') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

Result<std::string> FileOrder(const fs::path& root, const fs::path& lists) {
  MATIC_ASSIGN(const Owners owners, ReadOwners(lists.empty() ? root / kInfo : lists));
  if (owners.empty()) return std::string();
  std::map<std::string, std::vector<std::string>> by_package;
  std::error_code error;
  fs::recursive_directory_iterator entries(root, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (!entries->is_regular_file() || entries->is_symlink()) continue;
    const fs::path path = entries->path().lexically_relative(root);
    // A line of that file cannot hold it.
    if (path.string().find('\n') != std::string::npos) continue;
    const std::string owner = OwnerOf(path, owners);
    if (!owner.empty()) by_package[owner].push_back(path.string());
  }
  if (error) return Fail(OsError("list " + root.string(), error.value()));
  std::string order;
  int number = kFirst;
  for (auto& [package, paths] : by_package) {
    std::ranges::sort(paths);
    for (const std::string& path : paths) {
      order += Escaped(path) + " " + std::to_string(number) + "\n";
    }
    number = std::max(1, number - 1);
  }
  return order;
}

}  // namespace matic::image
