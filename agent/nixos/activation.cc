#include "agent/nixos/activation.h"

#include <unistd.h>

#include <cerrno>
#include <map>
#include <sstream>
#include <utility>

#include "agent/nixos/switch_lock.h"
#include "lib/os/durable_file.h"
#include "lib/os/output_tail.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr seconds kProgramDeadline{60};
constexpr seconds kPollInterval{1};
// From systemd's end of it to ours, where systemd does not keep its own deadline.
constexpr seconds kGrace{120};
constexpr size_t kMaxId = 64;
constexpr size_t kQuotedLines = 13;
constexpr size_t kQuotedBytes = 1500;

std::string UnitOf(const std::string& id) { return std::string(kActivationUnit) + id + ".service"; }
std::string AllUnits() { return std::string(kActivationUnit) + "*.service"; }

Result<> CheckId(const std::string& id) {
  const bool sound = !id.empty() && id.size() <= kMaxId &&
                     id.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-_.") == std::string::npos;
  if (sound) return {};
  return Fail(ErrorCode::kInvalidArgument, "activation \"" + CleanText(id) +
                                               "\" cannot name a unit: letters, digits, '-', '_' "
                                               "and '.' do, up to 64 of them");
}

Result<std::string> ReadBootId(const fs::path& path) {
  MATIC_ASSIGN(std::string id, ReadFile(path, 256));
  id.erase(id.find_last_not_of(" \n") + 1);
  return id;
}

// "ActiveState=active" of `systemctl show`.
std::map<std::string, std::string> Properties(const std::string& output) {
  std::map<std::string, std::string> properties;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) properties[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return properties;
}

}  // namespace

Activator::Activator(const Programs& programs, Clock& clock, const HostPaths& paths,
                     fs::path folder, std::vector<std::string> environment)
    : programs_(programs),
      clock_(clock),
      paths_(paths),
      record_(std::move(folder)),
      environment_(std::move(environment)) {}

Result<SwitchOutcome> Activator::Activate(const Activation& activation, const OutputSink& sink,
                                          std::stop_token stop) const {
  MATIC_TRY(CheckId(activation.id));
  MATIC_ASSIGN(const std::string boot_id, ReadBootId(paths_.boot_id));
  MATIC_ASSIGN(std::optional<ActivationNote> note, record_.Load());
  const bool noted = note && note->id == activation.id && note->system == activation.system &&
                     note->boot_id == boot_id;
  bool begun = false;
  if (noted) {
    MATIC_ASSIGN(begun, HasBegun(*note, stop));
  }
  if (!begun) {
    MATIC_ASSIGN(note, Begin(activation, boot_id, stop));
  }
  return Await(activation, *note, sink, std::move(stop));
}

Result<bool> Activator::HasBegun(const ActivationNote& note, std::stop_token stop) const {
  // A note without a unit is that of an agent which was ended between the two.
  if (StateOf(note.id, std::move(stop)) != UnitState::kAbsent) return true;
  MATIC_ASSIGN(const std::optional<int> exit_code, record_.ExitCode(note));
  return exit_code.has_value();
}

Result<ActivationNote> Activator::Begin(const Activation& activation, const std::string& boot_id,
                                        std::stop_token stop) const {
  const fs::path program = activation.system / "bin/switch-to-configuration";
  if (::access(program.c_str(), X_OK) != 0) {
    return Fail(
        OsError(program.string(), errno)
            .Context("system " + activation.system.filename().string() + " cannot be activated"));
  }
  MATIC_TRY(StopUnits(stop));
  MATIC_TRY(CheckSwitchLock(paths_.switch_lock));
  ActivationNote note{
      .id = activation.id, .system = activation.system, .boot_id = boot_id, .failed_before = {}};
  // Going back must not hang on it: without the list, more units are blamed.
  Result<UnitNames> failed = ListUnits(programs_, Trouble::kFailedOrRestarting, stop);
  if (failed) note.failed_before = *std::move(failed);
  MATIC_TRY(record_.Save(note));
  MATIC_TRY(StartUnit(activation, note, std::move(stop)));
  return note;
}

Result<> Activator::StartUnit(const Activation& activation, const ActivationNote& note,
                              std::stop_token stop) const {
  const auto limit = std::chrono::ceil<seconds>(activation.deadline);
  std::vector<std::string> argv = {
      "systemd-run",
      "--quiet",
      "--no-ask-password",
      "--no-block",
      "--unit=" + UnitOf(note.id),
      "--description=Activation of " + note.system.filename().string(),
      "--service-type=oneshot",
      "--property=RemainAfterExit=yes",
      "--property=TimeoutStartSec=" + std::to_string(limit.count()) + "s"};
  for (const std::string& variable : environment_) argv.push_back("--setenv=" + variable);
  argv.insert(argv.end(), {"--", "/bin/sh", "-c", ActivationRecord::Script(), "matic-activation",
                           note.system.string(), note.boot_id, record_.folder().string(), note.id});
  const auto started =
      programs_.Run({.argv = std::move(argv), .deadline = kProgramDeadline}, std::move(stop));
  if (!started) return Fail(started.error().Context("start unit " + UnitOf(note.id)));
  return {};
}

Result<> Activator::StopUnits(std::stop_token stop) const {
  for (const char* verb : {"stop", "reset-failed"}) {
    const auto done = programs_.Run(
        {.argv = {"systemctl", verb, AllUnits()}, .deadline = 2 * kProgramDeadline}, stop);
    if (!done) return Fail(done.error().Context("end earlier activations"));
  }
  return {};
}

Activator::UnitState Activator::StateOf(const std::string& id, std::stop_token stop) const {
  const auto shown = programs_.Run(
      {.argv = {"systemctl", "show", "--property=LoadState,ActiveState,Job", UnitOf(id)},
       .deadline = kProgramDeadline},
      std::move(stop));
  // systemd answers nobody while it executes itself anew, which is part of an activation.
  if (!shown) return UnitState::kNotTold;
  std::map<std::string, std::string> properties = Properties(*shown);
  const std::string& active = properties["ActiveState"];
  if (active.empty()) return UnitState::kNotTold;
  const bool waits = !properties["Job"].empty() && properties["Job"] != "0";
  if (waits || active == "activating" || active == "deactivating" || active == "reloading") {
    return UnitState::kRunning;
  }
  return properties["LoadState"] == "not-found" ? UnitState::kAbsent : UnitState::kEnded;
}

Result<SwitchOutcome> Activator::Await(const Activation& activation, const ActivationNote& note,
                                       const OutputSink& sink, std::stop_token stop) const {
  const BootTime until = clock_.SinceBoot() + activation.deadline + kGrace;
  uint64_t told = 0;
  for (;;) {
    // Asked before the result is looked for: a unit that has ended has written it.
    const UnitState state = StateOf(note.id, stop);
    const ActivationRecord::Output output = record_.OutputFrom(told);
    if (sink && !output.text.empty()) sink(output.text);
    told = output.end;
    MATIC_ASSIGN(const std::optional<int> exit_code, record_.ExitCode(note));
    if (exit_code) return Conclude(note, *exit_code, std::move(stop));
    if (stop.stop_requested()) break;
    if (state == UnitState::kAbsent || state == UnitState::kEnded) {
      return Fail(Killed(note, std::move(stop)));
    }
    if (clock_.SinceBoot() > until) {
      MATIC_TRY(StopUnits(std::move(stop)));
      return Fail(ErrorCode::kDeadline,
                  "unit " + UnitOf(note.id) + " took too long, and was stopped" +
                      Quoted(OutputTail(record_.OutputFrom(0).text, kQuotedLines, kQuotedBytes)));
    }
    if (!clock_.Wait(kPollInterval, stop)) break;
  }
  return Fail(ErrorCode::kCancelled,
              "stopped waiting for unit " + UnitOf(note.id) + ", which runs on");
}

Result<SwitchOutcome> Activator::Conclude(const ActivationNote& note, int exit_code,
                                          std::stop_token stop) const {
  const Result<UnitNames> after = ListUnits(programs_, Trouble::kFailed, std::move(stop));
  return Judge({.system = note.system,
                .action = "test",
                .exit_code = exit_code,
                .output = record_.OutputFrom(0).text},
               note.failed_before, after.value_or(UnitNames()));
}

Error Activator::Killed(const ActivationNote& note, std::stop_token stop) const {
  const std::string unit = UnitOf(note.id);
  const auto shown = programs_.Run(
      {.argv = {"systemctl", "show", "--property=Result", unit}, .deadline = kProgramDeadline},
      stop);
  const std::string result = shown ? Properties(*shown)["Result"] : "";
  const auto journal = programs_.Run({.argv = {"journalctl", "--boot", "--unit=" + unit,
                                               "--lines=20", "--no-pager", "--output=cat"},
                                      .deadline = kProgramDeadline},
                                     std::move(stop));
  std::string said = record_.OutputFrom(0).text;
  if (journal) said += "\n" + *journal;
  return {result == "timeout" ? ErrorCode::kDeadline : ErrorCode::kIo,
          "unit " + unit + " ended without a result" +
              (result.empty() || result == "success" ? "" : " (" + CleanText(result) + ")") +
              ": the activation of " + note.system.filename().string() + " was not finished" +
              Quoted(OutputTail(said, kQuotedLines, kQuotedBytes))};
}

Result<> Activator::Forget(std::stop_token stop) const {
  MATIC_TRY(StopUnits(std::move(stop)));
  return record_.Remove();
}

}  // namespace matic::nixos
