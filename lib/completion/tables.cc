#include <algorithm>

#include "lib/completion/writers.h"

namespace matic::completion {
namespace {

void Replace(std::string& text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string ValueTable(const std::string& function, const std::vector<const Command*>& commands) {
  std::string table = function + "_value() {\n  kind= choices=()\n  case $1 in\n";
  for (const Command* command : commands) {
    std::string rows;
    for (const OptionFacts& option : command->options) {
      if (option.value == ValueKind::kNone) continue;
      rows += "      " + Joined(option.names, " | ") + ") kind=" + KindName(option.value) +
              " choices=(" + Joined(option.choices, " ") + ") ;;\n";
    }
    if (rows.empty()) continue;
    table += "    " + Quoted(command->path) + ") case $2 in\n" + rows + "    esac ;;\n";
  }
  return table + "  esac\n  [[ -n $kind ]]\n}\n\n";
}

}  // namespace

std::string Quoted(const std::string& text) {
  std::string inside = text;
  Replace(inside, "'", R"('\'')");
  return "'" + inside + "'";
}

std::string Joined(const std::vector<std::string>& texts, const char* separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (!joined.empty()) joined += separator;
    joined += Quoted(text);
  }
  return joined;
}

std::string KindName(ValueKind kind) {
  switch (kind) {
    case ValueKind::kNone:
      return "";
    case ValueKind::kFreeText:
      return "text";
    case ValueKind::kFile:
      return "file";
    case ValueKind::kFolder:
      return "folder";
    case ValueKind::kOneOf:
      return "words";
  }
  return "";
}

std::string ShellTables(
    const std::string& function, const std::vector<const Command*>& commands,
    const std::function<std::string(const std::string& name, const std::string& text)>& item) {
  std::string table =
      function + "_command() {\n  flags=() inner=() kind= choices=()\n  case $1 in\n";
  for (const Command* command : commands) {
    std::string flags;
    std::string inner;
    for (const OptionFacts& option : command->options) {
      for (const std::string& name : option.names) flags += " " + item(name, option.description);
    }
    for (const Command& below : command->commands) {
      inner += " " + item(below.name, below.description);
    }
    table += "    " + Quoted(command->path) + ")\n      flags=(" + flags + " )\n      inner=(" +
             inner + " ) kind=" + KindName(command->operand) + " choices=(" +
             Joined(command->operand_choices, " ") + ") ;;\n";
  }
  table += "    *) return 1 ;;\n  esac\n}\n\n";
  return ValueTable(function, commands) + table;
}

std::string FunctionName(const std::string& program) {
  std::string name = "_" + program;
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string FillIn(std::string template_text, const std::string& program) {
  Replace(template_text, "@FUNCTION@", FunctionName(program));
  Replace(template_text, "@PROGRAM@", program);
  return template_text;
}

}  // namespace matic::completion
