// One writer a shell, and what they share. Each script walks the words before the cursor to learn
// which command they name, then looks the rest up in two tables made from the command tree.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/completion/command_tree.h"

namespace matic::completion {

std::string WriteBash(const std::string& program, const std::vector<const Command*>& commands);
std::string WriteZsh(const std::string& program, const std::vector<const Command*>& commands);
std::string WriteFish(const std::string& program, const std::vector<const Command*>& commands);

// `text` as one word of bash and zsh.
std::string Quoted(const std::string& text);

// What the tables call it: text, file, folder, words; empty for none.
std::string KindName(ValueKind kind);

// "a | b" of the quoted texts.
std::string Joined(const std::vector<std::string>& texts, const char* separator);

// `_program_value COMMAND OPTION` sets kind and choices, and fails for an option without a value;
// `_program_command COMMAND` sets flags, inner, kind and choices, and fails for what is no command.
// In the words that bash and zsh share. `item` writes a name with its description.
std::string ShellTables(
    const std::string& function, const std::vector<const Command*>& commands,
    const std::function<std::string(const std::string& name, const std::string& text)>& item);

// `template_text` with @FUNCTION@ and @PROGRAM@ replaced.
std::string FillIn(std::string template_text, const std::string& program);

// A name that a shell function may have: matic-agent is _matic_agent.
std::string FunctionName(const std::string& program);

}  // namespace matic::completion
