#include <CLI/CLI.hpp>
#include <algorithm>

#include "lib/completion/completion.h"
#include "lib/completion/writers.h"

namespace matic::completion {

Result<Shell> ParseShell(std::string_view name) {
  if (name == "bash") return Shell::kBash;
  if (name == "zsh") return Shell::kZsh;
  if (name == "fish") return Shell::kFish;
  return Fail(ErrorCode::kInvalidArgument,
              "'" + std::string(name) + "' is not a shell with completion: bash, zsh or fish");
}

std::string Script(const CLI::App& program, Shell shell) {
  const Command root = ReadCommands(program);
  const std::vector<const Command*> commands = Flatten(root);
  switch (shell) {
    case Shell::kBash:
      return WriteBash(root.name, commands);
    case Shell::kZsh:
      return WriteZsh(root.name, commands);
    case Shell::kFish:
      return WriteFish(root.name, commands);
  }
  return "";
}

void TakesOneOf(CLI::Option* option, const std::vector<std::string>& values) {
  std::string type;
  std::string sentence;
  for (size_t i = 0; i < values.size(); ++i) {
    type += (i == 0 ? "" : "|") + values[i];
    sentence += (i == 0 ? "" : i + 1 == values.size() ? " or " : ", ") + values[i];
  }
  option->type_name(type)->check([values, sentence](const std::string& value) {
    const bool known = std::ranges::find(values, value) != values.end();
    return known ? "" : "'" + value + "' is not " + sentence;
  });
}

}  // namespace matic::completion
