#include "osctl/health_view.h"

#include <utility>
#include <vector>

#include "osctl/render/names.h"
#include "osctl/render/node.h"

namespace matic::osctl {

std::vector<v1::HealthCheck> HealthChange::Take(const v1::GetHealthResponse& health) {
  std::vector<v1::HealthCheck> changed;
  std::map<std::string, Seen> checks;
  for (const v1::HealthCheck& check : health.checks()) {
    const bool failed = check.result() == v1::CHECK_RESULT_FAILED;
    Seen seen{check.result(), failed ? check.output() : ""};
    const auto before = checks_.find(check.name());
    if (before == checks_.end() || before->second != seen) changed.push_back(check);
    checks.emplace(check.name(), std::move(seen));
  }
  any_ = !changed.empty() || checks.size() != checks_.size() || state_ != health.state();
  state_ = health.state();
  checks_ = std::move(checks);
  return changed;
}

HealthView::HealthView(std::ostream& out, const Terminal& terminal)
    : out_(out), terminal_(terminal), block_(out, terminal) {}

void HealthView::Update(const v1::GetHealthResponse& health) {
  const bool was_lost = !std::exchange(lost_why_, "").empty();
  const std::vector<v1::HealthCheck> changed = change_.Take(health);
  if (terminal_.interactive) {
    text_ = HealthText(health, terminal_);
    block_.Draw(text_);
    return;
  }
  if (!change_.any() && !was_lost) return;
  const std::string time =
      health.has_last_updated() ? TimeText(health.last_updated()) : "not checked yet";
  out_ << time << "   " << HealthName(health.state()) << '\n';
  for (const v1::HealthCheck& check : changed) {
    out_ << "  " << CheckText(check, 8, terminal_) << '\n';
  }
  out_ << std::flush;
}

void HealthView::Lost(const std::string& why) {
  if (lost_why_ == why) return;
  lost_why_ = why;
  const std::string line = "No answer: " + Shown(why) + "\n";
  if (terminal_.interactive) {
    block_.Draw(line + text_);
  } else {
    out_ << line << std::flush;
  }
}

}  // namespace matic::osctl
