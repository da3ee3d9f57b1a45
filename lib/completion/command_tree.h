// A command line as completion sees it: what can be typed after which commands.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace matic::completion {

// What an option's value or a command's operand is completed with.
enum class ValueKind { kNone, kFreeText, kFile, kFolder, kOneOf };

struct OptionFacts {
  std::vector<std::string> names;  // with their dashes
  std::string description;         // one line
  ValueKind value = ValueKind::kNone;
  std::vector<std::string> choices;  // of kOneOf
};

struct Command {
  std::string path;  // " schedule update"; empty for the program itself
  std::string name;
  std::string description;           // one line
  std::vector<OptionFacts> options;  // with those of the commands around it, where they are taken
  ValueKind operand = ValueKind::kNone;
  std::vector<std::string> operand_choices;
  std::vector<Command> commands;
};

// Without what help hides.
Command ReadCommands(const CLI::App& program);

// `command` and all below it, the outer ones first.
std::vector<const Command*> Flatten(const Command& command);

}  // namespace matic::completion
