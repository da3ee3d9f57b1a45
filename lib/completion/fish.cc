#include "lib/completion/writers.h"

namespace matic::completion {
namespace {

constexpr char kHead[] = R"(# fish completion of @PROGRAM@, written by @PROGRAM@ itself

)";

constexpr char kWalk[] = R"(function _@FUNCTION@_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l command ''
    set -l before ''
    for word in $words[2..-1]
        if test -n "$before"
            set before ''
        else if _@FUNCTION@_value "$command" "$word" >/dev/null
            set before $word
        else if _@FUNCTION@_command "$command $word" >/dev/null
            set command "$command $word"
        end
    end
    set -l prefix ''
    if string match -q -- '--*=*' "$current"
        set -l halves (string split -m 1 = -- "$current")
        set before $halves[1]
        set current $halves[2]
        set prefix "$before="
    end
    set -l found
    if test -n "$before"
        set found (_@FUNCTION@_value "$command" "$before")
    else if string match -q -- '-*' "$current"
        set found (_@FUNCTION@_flags "$command")
    else
        set found (_@FUNCTION@_command "$command")
    end
    switch "$found[1]"
        case @file
            __fish_complete_path "$current" | string replace -r '^' -- "$prefix"
        case @folder
            __fish_complete_directories "$current" | string replace -r '^' -- "$prefix"
        case @text ''
        case '*'
            printf "$prefix%s\n" $found
    end
end

complete -c @PROGRAM@ -f -a '(_@FUNCTION@_complete)'
)";

std::string Word(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Answer(const std::vector<std::string>& lines) {
  std::string answer = "printf '%s\\n'";
  for (const std::string& line : lines) answer += " " + Word(line);
  return answer;
}

std::string Answer(ValueKind kind, const std::vector<std::string>& choices) {
  return Answer(kind == ValueKind::kOneOf ? choices : std::vector{"@" + KindName(kind)});
}

std::string CommandAnswer(const Command& command) {
  if (command.commands.empty()) return Answer(command.operand, command.operand_choices);
  std::vector<std::string> lines;
  for (const Command& inner : command.commands) {
    lines.push_back(inner.name + "\t" + inner.description);
  }
  return Answer(lines);
}

std::string ValueTable(const std::vector<const Command*>& commands) {
  std::string table = "function _@FUNCTION@_value\n    switch \"$argv[1]:$argv[2]\"\n";
  for (const Command* command : commands) {
    for (const OptionFacts& option : command->options) {
      if (option.value == ValueKind::kNone) continue;
      table += "        case";
      for (const std::string& name : option.names) table += " " + Word(command->path + ":" + name);
      table += "\n            " + Answer(option.value, option.choices) + "\n";
    }
  }
  return table + "        case '*'\n            return 1\n    end\nend\n\n";
}

std::string CommandTable(const std::vector<const Command*>& commands) {
  std::string table = "function _@FUNCTION@_command\n    switch \"$argv[1]\"\n";
  for (const Command* command : commands) {
    table +=
        "        case " + Word(command->path) + "\n            " + CommandAnswer(*command) + "\n";
  }
  return table + "        case '*'\n            return 1\n    end\nend\n\n";
}

std::string FlagTable(const std::vector<const Command*>& commands) {
  std::string table = "function _@FUNCTION@_flags\n    switch \"$argv[1]\"\n";
  for (const Command* command : commands) {
    std::vector<std::string> lines;
    for (const OptionFacts& option : command->options) {
      for (const std::string& name : option.names)
        lines.push_back(name + "\t" + option.description);
    }
    table += "        case " + Word(command->path) + "\n            " + Answer(lines) + "\n";
  }
  return table + "    end\nend\n\n";
}

}  // namespace

std::string WriteFish(const std::string& program, const std::vector<const Command*>& commands) {
  return FillIn(kHead + ValueTable(commands) + CommandTable(commands) + FlagTable(commands) + kWalk,
                program);
}

}  // namespace matic::completion
