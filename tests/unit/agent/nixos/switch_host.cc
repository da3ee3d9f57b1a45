#include "tests/unit/agent/nixos/switch_host.h"

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

// A folder a unit: its process group, and how it ended.
constexpr const char* kSystemdRun = R"sh(#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    --unit=*) unit="$UNITS/${1#--unit=}" ;;
    --setenv=*) export "${1#--setenv=}" ;;
    --) shift; break ;;
  esac
  shift
done
if [ -e "$unit" ]; then echo "Unit ${unit##*/} was already loaded." >&2; exit 1; fi
mkdir "$unit"
echo started >> "$UNITS/starts"
setsid sh -c '
  unit="$1"; shift
  "$@" > "$unit/journal" 2>&1; code=$?
  [ $code = 0 ] && touch "$unit/exited" || touch "$unit/failed"
' unit "$unit" "$@" > /dev/null 2>&1 < /dev/null &
echo $! > "$unit/pid"
)sh";

constexpr const char* kSystemctl = R"sh(#!/bin/sh
verb=$1
for last; do :; done
state() {
  if [ ! -e "$1" ]; then echo not-found inactive success
  elif [ -e "$1/exited" ]; then echo loaded active success
  elif [ -e "$1/failed" ]; then echo loaded failed exit-code
  elif grep -q '^State:.[^ZX]' "/proc/$(cat "$1/pid")/status" 2> /dev/null; then echo loaded activating success
  else echo loaded failed signal
  fi
}
case "$verb" in
  list-units) cat "$UNITS/failed" ;;
  show)
    set -- $(state "$UNITS/$last")
    printf 'Result=%s\nLoadState=%s\nActiveState=%s\nJob=\n' "$3" "$1" "$2" ;;
  stop)
    for unit in "$UNITS"/$last; do
      [ -e "$unit" ] || continue
      kill -s KILL -- "-$(cat "$unit/pid")" 2> /dev/null
      rm -r "$unit"
    done ;;
esac
exit 0
)sh";

constexpr const char* kJournalctl = R"sh(#!/bin/sh
echo "systemd: Main process exited, code=killed, status=9/KILL"
)sh";

std::string PathWith(const fs::path& programs) {
  return programs.string() + ":/usr/sbin:/usr/bin:/sbin:/bin";
}

}  // namespace

SwitchHost::SwitchHost()
    : programs_(processes_, {"PATH=" + PathWith(folder_ / "programs"),
                             "UNITS=" + (folder_ / "units").string()}),
      path_before_(::getenv("PATH")) {
  // Programs are found in our own PATH.
  ::setenv("PATH", PathWith(folder_ / "programs").c_str(), 1);
  for (const char* name : {"programs", "units", "store", "state", "boot"}) {
    fs::create_directories(folder_ / name);
  }
  WriteProgram("systemd-run", kSystemdRun);
  WriteProgram("systemctl", kSystemctl);
  WriteProgram("journalctl", kJournalctl);
  SetFailedUnits({});
  paths_.boot = folder_ / "boot";
  paths_.switch_lock = folder_ / "switch.lock";
  paths_.boot_id = Write("boot_id", "11111111-2222-3333-4444-555555555555\n");
}

SwitchHost::~SwitchHost() {
  for (const auto& entry : fs::directory_iterator(folder_ / "units")) {
    if (entry.is_directory()) KillUnit(entry.path().filename());
  }
  ::setenv("PATH", path_before_.c_str(), 1);
}

fs::path SwitchHost::Write(const std::string& name, const std::string& content) {
  const fs::path path = folder_ / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
  return path;
}

std::string SwitchHost::Read(const std::string& name) const {
  std::ostringstream content;
  content << std::ifstream(folder_ / name).rdbuf();
  return content.str();
}

void SwitchHost::WriteProgram(const std::string& name, const std::string& script) {
  fs::permissions(Write("programs/" + name, script), fs::perms::owner_all);
}

fs::path SwitchHost::MakeSystem(const std::string& version, const std::string& script) {
  const std::string name = "0c3xsl5mhwrx7ig0z2n38aqwqgxbnvqd-nixos-system-web-" + version;
  const fs::path path =
      Write("store/" + name + "/bin/switch-to-configuration", "#!/bin/sh\n" + script + "\n");
  fs::permissions(path, fs::perms::owner_all);
  return folder_ / "store" / name;
}

void SwitchHost::SetFailedUnits(const std::vector<std::string>& units) {
  std::string list;
  for (const std::string& unit : units) list += unit + " loaded failed failed A unit\n";
  Write("units/failed", list);
}

void SwitchHost::KillUnit(const std::string& unit) {
  const std::string group = Read("units/" + unit + "/pid");
  if (!group.empty()) ::kill(-std::stoi(group), SIGKILL);
}

size_t SwitchHost::UnitsStarted() const {
  std::istringstream lines(Read("units/starts"));
  size_t count = 0;
  for (std::string line; std::getline(lines, line);) ++count;
  return count;
}

void SwitchHost::AwaitFile(const fs::path& path) {
  for (int tries = 0; tries < 12000 && !fs::exists(path); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(fs::exists(path)) << path;
}

}  // namespace matic::nixos
