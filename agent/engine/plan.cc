// What an update would do, found out without doing it.
#include <algorithm>

#include "agent/engine/update_engine.h"

namespace matic::engine {
namespace {

Plan::Check Passed(const std::string& name, const std::string& output = "") {
  return {name, true, output};
}
Plan::Check Failed(const std::string& name, const std::string& output) {
  return {name, false, output};
}

}  // namespace

bool Plan::Possible() const {
  const bool expired = std::ranges::any_of(steps, [](const StepTime& step) {
    return step.decision.verdict == calendar::Verdict::kExpired;
  });
  return !expired && std::ranges::all_of(checks, &Check::passed);
}

void UpdateEngine::PlanSource(const ScheduleRequest& request, const std::string& running_version,
                              Plan& plan, const std::stop_token& stop) {
  Result<ResolvedSource> image =
      resolver_.Look(request.source, request.sha256, running_version, stop);
  if (!image) {
    plan.checks.push_back(Failed("source", image.error().message));
    return;
  }
  plan.image = *image;
  Result<FetchPlan> fetch = backend_.PlanFetch({.source = image->source,
                                                .sha256 = image->sha256,
                                                .size_bytes = image->size_bytes,
                                                .delta = image->delta},
                                               stop);
  if (!fetch) {
    plan.checks.push_back(Failed("source", fetch.error().message));
  } else {
    plan.fetch = *std::move(fetch);
    plan.checks.push_back(image->size_bytes > 0
                              ? Passed("source", "version " + image->version + ", signed")
                              : Passed("source"));
  }
  std::string why;
  if (!request.Forces(kForceQuarantine) && ledger_.IsQuarantined(image->sha256, &why)) {
    plan.checks.push_back(Failed(std::string(kForceQuarantine), why));
  }
}

Result<Plan> UpdateEngine::PlanUpdate(const ScheduleRequest& request, std::stop_token stop) {
  Plan plan;
  MATIC_ASSIGN(const update::Facts facts, ReadDisk());
  const update::Target* running = facts.Running();
  if (running == nullptr) return Fail(ErrorCode::kInternal, "no slot is known to run");
  plan.previous = running->name;
  plan.target = facts.spare;
  // What is only staged is not started.
  plan.next_boot = request.stop_after == StopAfter::kStaged ? plan.previous : plan.target;

  const Result<> admitted = MayStage(request);
  // Words that make no sense are the caller's mistake, and no plan.
  if (!admitted && admitted.error().code == ErrorCode::kInvalidArgument) {
    return Fail(admitted.error());
  }
  plan.checks.push_back(admitted ? Passed("state") : Failed("state", admitted.error().message));
  PlanSource(request, running->version, plan, stop);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "the plan was given up");
  for (const prechecks::Refusal& refusal : preparation_.Prechecks(request.force)) {
    plan.checks.push_back(Failed(refusal.check, refusal.reason));
  }

  update::Order order;
  order.timing = Complete(request).timing;
  for (const auto& [name, step] : {std::pair("download", calendar::Step::kDownload),
                                   std::pair("install", calendar::Step::kInstall),
                                   std::pair("reboot", calendar::Step::kReboot)}) {
    plan.steps.push_back({name, preparation_.Ask(order, step)});
  }
  return plan;
}

}  // namespace matic::engine
