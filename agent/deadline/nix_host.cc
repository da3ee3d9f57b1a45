#include "agent/deadline/nix_host.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

namespace matic::deadline {
namespace {

namespace fs = std::filesystem;

constexpr std::streamsize kMaxNote = 64 * 1024;

std::string ReadNote(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(kMaxNote, '\0');
  file.read(content.data(), kMaxNote);
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// Empty where it is no text.
std::string TextAt(const nlohmann::json& json, const char* key) {
  const auto value = json.find(key);
  return value != json.end() && value->is_string() ? value->get<std::string>() : std::string();
}

}  // namespace

std::optional<Reading> JudgeSystem(std::string_view host_state, const fs::path& booted,
                                   std::string_view boot_id) {
  const auto state = nlohmann::json::parse(host_state, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) return std::nullopt;
  const auto trial = state.find("trial");
  if (trial == state.end()) return Reading::kSettled;
  if (!trial->is_object()) return std::nullopt;
  const std::string path = TextAt(*trial, "path");
  const std::string mode = TextAt(*trial, "mode");
  if (path.empty() || mode.empty()) return std::nullopt;
  // One that is switched to live is left by the agent: the machine was started with another.
  if (mode != "boot" || path != booted) return Reading::kSettled;
  // To be tried by the next start; this one had it before.
  if (TextAt(*trial, "boot_id") == boot_id) return Reading::kSettled;
  // It is the boot loader's default, so a restart would only start it again.
  if (TextAt(*trial, "start_once") == "not") return Reading::kSettled;
  return Reading::kOnTrial;
}

std::optional<Sighting> LookAtNixHost(const NixPlaces& places) {
  std::error_code failed;
  const fs::path booted = fs::canonical(places.booted_system, failed);
  if (failed) return std::nullopt;
  const auto reading =
      JudgeSystem(ReadNote(places.host_state), booted, FirstLine(ReadNote(places.boot_id)));
  if (!reading) return std::nullopt;
  return Sighting{*reading, booted.filename().string()};
}

}  // namespace matic::deadline
