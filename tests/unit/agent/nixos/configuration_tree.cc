#include "tests/unit/agent/nixos/configuration_tree.h"

#include <fstream>
#include <iterator>

namespace matic::nixos {

namespace fs = std::filesystem;

ConfigurationTree::ConfigurationTree() {
  Do({"git", "init", "--quiet", "--bare", "--initial-branch=main", remote_.string()});
  Clone(person_);
  Do({"git", "switch", "--quiet", "--orphan", "main"}, person_);
  Push("version", "1");
  Clone(tree_);
}

void ConfigurationTree::Clone(const fs::path& to) {
  Do({"git", "clone", "--quiet", "file://" + remote_.string(), to.string()});
}

void ConfigurationTree::Commit(const fs::path& tree, const std::string& name,
                               const std::string& content) {
  std::ofstream(tree / name) << content;
  Do({"git", "add", name}, tree);
  Do({"git", "commit", "--quiet", "--message", name + " " + content}, tree);
}

void ConfigurationTree::Push(const std::string& name, const std::string& content) {
  Commit(person_, name, content);
  Do({"git", "push", "--quiet", "origin", "HEAD"}, person_);
}

std::string ConfigurationTree::Head(const fs::path& tree) {
  const std::string output = Do({"git", "rev-parse", "HEAD"}, tree);
  return output.substr(0, output.find('\n'));
}

std::string ConfigurationTree::Content(const std::string& name) const {
  std::ifstream file(tree_ / name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace matic::nixos
