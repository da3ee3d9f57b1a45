#include "lib/completion/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

namespace matic::completion {
namespace {

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

bool IsWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// Fixed values are written in the type itself, in lower case: text|json. Types in capitals say what
// the value is: FILE, DIR|SQUASHFS.
std::vector<std::string> ChoicesOf(const std::string& type) {
  std::vector<std::string> choices = CLI::detail::split(type, '|');
  if (choices.size() < 2 || !std::ranges::all_of(choices, IsWord)) return {};
  return choices;
}

ValueKind KindOf(const std::string& type) {
  if (!ChoicesOf(type).empty()) return ValueKind::kOneOf;
  for (const char* file : {"FILE", "PATH", "IMAGE", "DISK", "SQUASHFS"}) {
    if (type.find(file) != std::string::npos) return ValueKind::kFile;
  }
  return type.find("DIR") != std::string::npos ? ValueKind::kFolder : ValueKind::kFreeText;
}

OptionFacts ReadOption(const CLI::Option& option) {
  OptionFacts facts;
  for (const std::string& name : option.get_snames()) facts.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) facts.names.push_back("--" + name);
  facts.description = FirstLine(option.get_description());
  if (option.get_items_expected_max() > 0) {
    facts.value = KindOf(option.get_type_name());
    facts.choices = ChoicesOf(option.get_type_name());
  }
  return facts;
}

void ReadOperand(const CLI::Option& option, Command& command) {
  std::string type = option.get_type_name();
  if (type.empty() || type == "TEXT") type = option.get_name(true);
  command.operand = KindOf(type);
  command.operand_choices = ChoicesOf(type);
}

Command Read(const CLI::App& app, const std::string& path, std::vector<OptionFacts> inherited) {
  Command command{.path = path,
                  .name = app.get_name(),
                  .description = FirstLine(app.get_description()),
                  .options = {},
                  .operand_choices = {},
                  .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    if (option->get_positional()) ReadOperand(*option, command);
    if (option->nonpositional()) command.options.push_back(ReadOption(*option));
  }
  // The inner command's own --help comes before the outer one's.
  for (OptionFacts& option : inherited) {
    const bool hidden = std::ranges::any_of(command.options, [&](const OptionFacts& own) {
      return own.names.back() == option.names.back();
    });
    if (!hidden) command.options.push_back(std::move(option));
  }
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (inner->get_group().empty()) continue;
    command.commands.push_back(
        Read(*inner, path + " " + inner->get_name(),
             inner->get_fallthrough() ? command.options : std::vector<OptionFacts>{}));
  }
  return command;
}

}  // namespace

Command ReadCommands(const CLI::App& program) { return Read(program, "", {}); }

std::vector<const Command*> Flatten(const Command& command) {
  std::vector<const Command*> all = {&command};
  for (const Command& inner : command.commands) {
    const std::vector<const Command*> below = Flatten(inner);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

}  // namespace matic::completion
