#include "agent/nixos/system.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>

#include "lib/os/durable_file.h"

namespace matic::nixos {
namespace {

constexpr size_t kMaxFile = 64 * 1024;

Result<std::string> ReadOrEmpty(const std::filesystem::path& path) {
  Result<std::string> text = ReadFile(path, kMaxFile);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
  return text;
}

std::string LeadsTo(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::read_symlink(path, error);
  if (!error) return target.string();
  return std::filesystem::exists(path, error) ? path.string() : "";
}

std::map<std::string, std::string> ParseInhibitors(const std::string& text) {
  if (text.empty()) return {};
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {{"switch-inhibitors", text}};
  std::map<std::string, std::string> inhibitors;
  for (const auto& [name, value] : json.items()) {
    inhibitors[name] = value.is_string()
                           ? value.get<std::string>()
                           : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return inhibitors;
}

// "/nix/store/HASH-linux-6.6.8/bzImage" is "linux-6.6.8"; anything else is itself.
std::string_view ShortName(std::string_view path) {
  constexpr size_t kHash = 32;  // characters, in nixbase32
  for (size_t start = path.find('/'); start != std::string_view::npos;
       start = path.find('/', start + 1)) {
    const std::string_view part = path.substr(start + 1, path.find('/', start + 1) - start - 1);
    if (part.size() > kHash + 1 && part[kHash] == '-' &&
        part.find_first_not_of("0123456789abcdfghijklmnpqrsvwxyz") == kHash) {
      return part.substr(kHash + 1);
    }
  }
  return path;
}

std::string Change(const std::string& what, const std::string& from, const std::string& to) {
  if (from.empty()) return what + ": there was none, now " + std::string(ShortName(to));
  if (to.empty()) return what + ": " + std::string(ShortName(from)) + ", now none";
  if (ShortName(from) == ShortName(to)) return what + ": another " + std::string(ShortName(to));
  return what + ": " + std::string(ShortName(from)) + " -> " + std::string(ShortName(to));
}

std::set<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::string ParameterChange(const std::string& from, const std::string& to) {
  const std::set<std::string> before = Words(from);
  const std::set<std::string> after = Words(to);
  std::string change;
  for (const std::string& word : before) {
    if (!after.contains(word)) change += " -" + word;
  }
  for (const std::string& word : after) {
    if (!before.contains(word)) change += " +" + word;
  }
  return "kernel-params:" + (change.empty() ? " in another order" : change);
}

}  // namespace

Result<System> ReadSystem(const std::filesystem::path& path) {
  System system;
  std::error_code error;
  system.path = std::filesystem::canonical(path, error);
  if (error) {
    return Fail(OsError("system " + path.string(), error.value()));
  }
  if (!std::filesystem::is_directory(system.path, error)) {
    return Fail(ErrorCode::kInvalidArgument, system.path.string() + " is no NixOS system: a file");
  }
  Result<std::string> version = ReadFile(system.path / "nixos-version", kMaxFile);
  if (!version && version.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kInvalidArgument,
                system.path.string() + " is no NixOS system: there is no nixos-version in it");
  }
  if (!version) return Fail(std::move(version).error());
  system.version = version->substr(0, version->find_last_not_of("\n ") + 1);
  system.kernel = LeadsTo(system.path / "kernel");
  system.initrd = LeadsTo(system.path / "initrd");
  system.kernel_modules = LeadsTo(system.path / "kernel-modules");
  MATIC_ASSIGN(system.kernel_params, ReadOrEmpty(system.path / "kernel-params"));
  MATIC_ASSIGN(system.init_interface_version, ReadOrEmpty(system.path / "init-interface-version"));
  MATIC_ASSIGN(const std::string inhibitors, ReadOrEmpty(system.path / "switch-inhibitors"));
  system.switch_inhibitors = ParseInhibitors(inhibitors);
  system.has_switch = ::access((system.path / "bin/switch-to-configuration").c_str(), X_OK) == 0;
  return system;
}

Result<> CheckActivatable(const System& system) {
  if (system.has_switch) return {};
  return Fail(ErrorCode::kInvalidArgument,
              system.path.string() +
                  " has no bin/switch-to-configuration, so that it cannot be activated; does its "
                  "configuration set system.switch.enable = false?");
}

std::vector<std::string> RebootReasons(const System& booted, const System& current,
                                       const System& next) {
  std::vector<std::string> reasons;
  const auto compare = [&](const std::string& what, const std::string& from,
                           const std::string& to) {
    if (from != to) reasons.push_back(Change(what, from, to));
  };
  compare("kernel", booted.kernel, next.kernel);
  compare("initrd", booted.initrd, next.initrd);
  compare("kernel-modules", booted.kernel_modules, next.kernel_modules);
  if (booted.kernel_params != next.kernel_params) {
    reasons.push_back(ParameterChange(booted.kernel_params, next.kernel_params));
  }
  compare("init-interface-version", current.init_interface_version, next.init_interface_version);
  for (const auto& [name, value] : next.switch_inhibitors) {
    const auto now = current.switch_inhibitors.find(name);
    if (now != current.switch_inhibitors.end()) compare(name, now->second, value);
  }
  return reasons;
}

}  // namespace matic::nixos
