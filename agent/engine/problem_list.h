// What is wrong with the machine and needs a person, as `osctl status` shows it. Not durable: what
// is still wrong after the agent's next start is found again.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace matic::engine {

class ProblemList {
 public:
  // Stays until the agent's end. Told once; of very many the first are kept.
  void Add(const std::string& problem);
  // Of what comes and goes: the one of that `kind` is replaced; an empty `problem` ends it.
  void Set(const std::string& kind, const std::string& problem);

  std::vector<std::string> All() const;

 private:
  std::vector<std::string> lasting_;
  std::map<std::string, std::string> passing_;  // by kind
};

}  // namespace matic::engine
