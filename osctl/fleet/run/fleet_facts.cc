#include "osctl/fleet/run/fleet_facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "osctl/fleet/inventory/describe.h"
#include "osctl/fleet/run/machine_steps.h"
#include "osctl/fleet/run/parallel.h"

namespace matic::fleet {
namespace {

using namespace std::chrono_literals;

constexpr auto kHealthTime = 30s;
constexpr auto kFlakeTime = 60s;

// What one machine cannot reach another may; what three cannot, hardly anybody can.
constexpr int kAskedForATarget = 3;

// One machine of those that are asked. No connection is kept: there may be thousands.
struct Asked {
  const Machine* machine = nullptr;
  Nodes* nodes = nullptr;
  MachineFacts facts;
  std::string backend;
  std::string schedule_id;
  bool answered = false;

  Result<std::unique_ptr<Node>> Open() const { return nodes->Open(machine->address); }
};

std::string HolderOf(const v1::Lease& lease, WallTime now) {
  const WallTime until = std::chrono::system_clock::from_time_t(lease.until().seconds());
  if (lease.run().empty() || !lease.stopped_by().empty() || until <= now) return {};
  return lease.holder() + " (run " + lease.run() + ")";
}

void Read(Asked& asked, WallTime now) {
  const Result<std::unique_ptr<Node>> node = asked.Open();
  const Result<v1::GetStatusResponse> status = node ? (*node)->GetStatus() : Fail(node.error());
  if (!status) {
    asked.facts.problem = status.error().message;
    return;
  }
  asked.backend = status->backend();
  asked.schedule_id = status->schedule_id();
  asked.facts.reachable = true;
  asked.facts.under_way = UnderWayOf(*status);
  asked.facts.boot_id = status->boot_id();
  asked.facts.held_by = HolderOf(status->lease(), now);
  if (const v1::Target* running = RunningOf(*status)) {
    asked.facts.version = running->version();
    asked.facts.digest = running->digest();
    asked.facts.generation = running->generation();
    asked.facts.system = running->name();
  }
  const Result<v1::GetHealthResponse> health = (*node)->GetHealth(false, kHealthTime);
  if (!health) {
    asked.facts.problem = health.error().message;
    return;
  }
  asked.answered = true;
  asked.facts.problem.clear();
  asked.facts.healthy = IsHealthy(*health);
  for (const v1::HealthCheck& check : health->checks()) {
    if (asked.facts.healthy || !check.critical()) continue;
    if (check.result() != v1::CHECK_RESULT_FAILED) continue;
    asked.facts.problem = "health check " + check.name() + ": " + check.output();
  }
}

// Of a channel or another signed manifest; empty: that the machine is configured to follow.
std::string ManifestOf(const Target& target) {
  if (const auto* channel = std::get_if<ChannelTarget>(&target)) return channel->url;
  if (const auto* image = std::get_if<ImageTarget>(&target)) return image->url;
  return {};
}

// A plan is answered also where its source was refused, and then names no image.
Result<> CheckPlan(const v1::PlanUpdateResponse& plan) {
  const auto& checks = plan.checks();
  const auto source = std::ranges::find(checks, "source", &v1::PlanCheck::name);
  if (source == checks.end()) {
    return Fail(ErrorCode::kRefused, "its plan does not say whether the source is good");
  }
  if (!source->passed()) return Fail(ErrorCode::kRefused, source->output());
  if (plan.source().empty() || !IsSha256(plan.sha256())) {
    return Fail(ErrorCode::kRefused, "its plan names no image: the source is '" + plan.source() +
                                         "', the SHA-256 '" + plan.sha256() + "'");
  }
  return {};
}

// The digest of the image that a manifest names now, by the word of one machine. It goes to each
// machine beside the manifest's own URL, never beside the image's: so each verifies the manifest
// itself, and one that lies here can keep the others from their update, but not choose it.
Result<PinnedTarget> ResolveManifest(const Target& target, Asked& asked) {
  const std::string url = ManifestOf(target);
  if (!url.empty() && !IsManifestUrl(url)) {
    return Fail(ErrorCode::kInvalidArgument,
                "is no signed manifest, whose name ends in .json; an image needs its SHA-256");
  }
  v1::ScheduleUpdateRequest request;
  request.set_source(url);
  request.set_enable_auto_rollback(true);
  request.set_stop_after(v1::STOP_AFTER_STAGED);
  MATIC_ASSIGN(const std::unique_ptr<Node> node, asked.Open());
  MATIC_ASSIGN(const v1::PlanUpdateResponse plan, node->PlanUpdate(request));
  MATIC_TRY(CheckPlan(plan));
  PinnedTarget pinned{.target = {}, .version = plan.version(), .digest = plan.sha256()};
  if (!url.empty()) pinned.target = ImageTarget{url, plan.sha256()};
  return pinned;
}

// One of this machine's own file system, or in its registry, means another thing elsewhere.
bool IsRemoteFlake(const std::string& flake) {
  constexpr const char* kRemote[] = {
      "github:", "gitlab:", "sourcehut:", "git+https:", "git+ssh:", "https://", "tarball+https:"};
  return std::ranges::any_of(kRemote, [&](const char* p) { return flake.starts_with(p); });
}

// "github:org/config" at its revision of now; as it is where this machine has no nix.
Result<std::string> LockedFlake(const std::string& reference, ProcessRunner& processes) {
  const auto run = processes.Run({"nix", "--extra-experimental-features", "nix-command flakes",
                                  "flake", "metadata", "--json", "--", reference},
                                 kFlakeTime);
  if (!run && run.error().code == ErrorCode::kNotFound) return reference;
  if (!run) return Fail(run.error().Context("flake " + reference));
  const auto metadata = nlohmann::json::parse(run->output, nullptr, /*allow_exceptions=*/false);
  if (run->exit_code != 0 || !metadata.is_object() || !metadata.contains("url") ||
      !metadata["url"].is_string()) {
    return Fail(ErrorCode::kUnavailable,
                "flake " + reference + " cannot be resolved: " + run->output.substr(0, 500));
  }
  return metadata["url"].get<std::string>();
}

class Pinning {
 public:
  Pinning(std::vector<Asked>& machines, ProcessRunner& processes)
      : machines_(machines), processes_(processes) {}

  // What the machines with this target are all updated to.
  Result<PinnedTarget> Resolve(const Target& target) {
    for (const auto& [known, pinned] : known_) {
      if (known == target) return pinned;
    }
    MATIC_ASSIGN(PinnedTarget pinned, Ask(target));
    known_.emplace_back(target, pinned);
    return pinned;
  }

 private:
  Result<PinnedTarget> Ask(const Target& target) {
    if (const auto* flake = std::get_if<FlakeTarget>(&target)) return Lock(*flake);
    const auto* image = std::get_if<ImageTarget>(&target);
    if (image != nullptr && !image->sha256.empty()) {
      return PinnedTarget{.target = target, .digest = image->sha256};
    }
    std::optional<Error> first;
    int asked_for = 0;
    for (Asked& asked : machines_) {
      if (!asked.facts.reachable || asked.facts.target.target != target) continue;
      Result<PinnedTarget> resolved = ResolveManifest(target, asked);
      if (resolved) return resolved;
      if (!first) {
        first = resolved.error().Context(ShowTarget(target) + ", as machine '" +
                                         asked.machine->name + "' sees it");
      }
      if (++asked_for == kAskedForATarget) break;
    }
    if (first) return Fail(*first);
    return Fail(ErrorCode::kUnavailable, ShowTarget(target) + ": no machine that takes it answers");
  }

  Result<PinnedTarget> Lock(FlakeTarget flake) {
    const size_t hash = flake.flake.find('#');
    const std::string reference = flake.flake.substr(0, hash);
    const std::string attribute =
        hash == std::string::npos ? std::string() : flake.flake.substr(hash);
    if (IsRemoteFlake(reference)) {
      if (!locked_.contains(reference)) {
        MATIC_ASSIGN(locked_[reference], LockedFlake(reference, processes_));
      }
      flake.flake = locked_[reference] + attribute;
    }
    return PinnedTarget{.target = std::move(flake)};
  }

  std::vector<Asked>& machines_;
  ProcessRunner& processes_;
  std::vector<std::pair<Target, PinnedTarget>> known_;
  std::map<std::string, std::string> locked_;  // flakes by their references
};

bool IsGrouped(const Inventory& inventory, const std::string& machine) {
  return std::ranges::any_of(inventory.groups, [&](const Group& group) {
    return std::ranges::find(group.machines, machine) != group.machines.end();
  });
}

// A machine of slots without a target follows a channel of its own; a Nix host its own
// configuration.
Result<PinnedTarget> OwnTarget(Asked& asked) {
  if (asked.backend != "ab") return PinnedTarget{};
  Result<PinnedTarget> own = ResolveManifest({}, asked);
  if (own) return own;
  return Fail(own.error().Context("fleet.yaml names no target for it, and by itself"));
}

// `run`: that has pinned the target, and may have staged it; empty: none before this one.
void Compare(Asked& asked, const std::string& run) {
  MachineFacts& facts = asked.facts;
  if (!facts.reachable) return;
  const std::string& digest = facts.target.digest;
  facts.up_to_date =
      !digest.empty() && facts.digest == digest && facts.under_way == UnderWay::kNothing;
  if (facts.under_way != UnderWay::kStaged) return;
  const Result<std::unique_ptr<Node>> node = asked.Open();
  const Result<v1::Schedule> staged =
      node ? (*node)->GetSchedule(asked.schedule_id) : Fail(node.error());
  if (!staged || staged->run().empty() || staged->phase() != v1::PHASE_STAGED) return;
  const auto request = StageRequest(facts.target, {}, asked.machine->name);
  const bool wanted = request && StagesTheSame(*staged, *request);
  if (!wanted && (run.empty() || staged->run() != run)) return;
  facts.staged = staged->id();
  facts.reboot_pending = asked.backend == "ab" || staged->reboot_reasons_size() > 0;
}

std::vector<Asked> AskAll(const std::vector<const Machine*>& machines, Nodes& nodes,
                          const Clock& clock) {
  std::vector<Asked> asked(machines.size());
  const WallTime now = clock.Now();
  ForEachIndex(machines.size(), kAskedAtOnce, [&](size_t i) {
    asked[i].machine = machines[i];
    asked[i].nodes = &nodes;
    Read(asked[i], now);
  });
  return asked;
}

// A connection that breaks for a moment keeps no machine out of a run.
void AskAgain(std::vector<Asked>& machines, const Clock& clock) {
  const WallTime now = clock.Now();
  ForEachIndex(machines.size(), kAskedAtOnce, [&](size_t i) {
    if (!machines[i].answered) Read(machines[i], now);
  });
}

FleetFacts FactsOf(std::vector<Asked> asked) {
  FleetFacts facts;
  for (Asked& one : asked) facts.emplace(one.machine->name, std::move(one.facts));
  return facts;
}

}  // namespace

FleetFacts ReadFacts(const std::vector<const Machine*>& machines, Nodes& nodes,
                     const Clock& clock) {
  return FactsOf(AskAll(machines, nodes, clock));
}

Result<FleetFacts> GatherFacts(const Inventory& inventory,
                               const std::vector<const Machine*>& machines, Nodes& nodes,
                               ProcessRunner& processes, const Clock& clock,
                               const std::map<std::string, Pin>& pins) {
  std::vector<Asked> asked = AskAll(machines, nodes, clock);
  AskAgain(asked, clock);
  for (Asked& one : asked) one.facts.target.target = TargetIn(inventory, *one.machine);
  Pinning pinning(asked, processes);
  std::vector<PinnedTarget> pinned(asked.size());
  std::vector<std::string> runs(asked.size());
  for (size_t i = 0; i < asked.size(); ++i) {
    const Target& target = asked[i].facts.target.target;
    if (!asked[i].facts.reachable) continue;
    if (const auto before = pins.find(asked[i].machine->name); before != pins.end()) {
      pinned[i] = before->second.target;
      runs[i] = before->second.run;
      continue;
    }
    if (!IsGrouped(inventory, asked[i].machine->name)) continue;  // nobody updates it
    if (!std::holds_alternative<std::monostate>(target)) {
      MATIC_ASSIGN(pinned[i], pinning.Resolve(target));
      continue;
    }
    Result<PinnedTarget> own = OwnTarget(asked[i]);
    if (own) {
      pinned[i] = *std::move(own);
    } else {
      asked[i].facts.no_target = own.error().message;
    }
  }
  for (size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].facts.reachable) asked[i].facts.target = std::move(pinned[i]);
  }
  ForEachIndex(asked.size(), kAskedAtOnce, [&](size_t i) { Compare(asked[i], runs[i]); });
  return FactsOf(std::move(asked));
}

}  // namespace matic::fleet
