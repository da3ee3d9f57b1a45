#include "agent/engine/problem_list.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>

namespace matic::engine {
namespace {

constexpr size_t kMost = 32;

}  // namespace

void ProblemList::Add(const std::string& problem) {
  spdlog::warn("{}", problem);
  if (std::ranges::find(lasting_, problem) != lasting_.end()) return;
  if (lasting_.size() < kMost) lasting_.push_back(problem);
}

void ProblemList::Set(const std::string& kind, const std::string& problem) {
  passing_.erase(kind);
  if (!problem.empty()) passing_[kind] = problem;
}

std::vector<std::string> ProblemList::All() const {
  std::vector<std::string> all = lasting_;
  for (const auto& [kind, problem] : passing_) all.push_back(problem);
  return all;
}

}  // namespace matic::engine
