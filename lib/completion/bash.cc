#include "lib/completion/writers.h"

namespace matic::completion {
namespace {

constexpr char kHead[] = R"(# bash completion of @PROGRAM@, written by @PROGRAM@ itself

)";

// Bash splits --output=json into three words.
constexpr char kWalk[] = R"(@FUNCTION@() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' kind choices flags inner word i
  COMPREPLY=()
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $before == '=' ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if @FUNCTION@_value "$command" "$word"; then
      [[ ${COMP_WORDS[i + 1]} != '=' ]] || ((++i))
      ((++i))
    elif @FUNCTION@_command "$command $word"; then
      command+=" $word"
    fi
  done
  if ! @FUNCTION@_value "$command" "$before"; then
    @FUNCTION@_command "$command"
    if [[ $current == -* ]]; then
      choices=("${flags[@]}") kind=words
    elif ((${#inner[@]})); then
      choices=("${inner[@]}") kind=words
    fi
  fi
  local IFS=$'\n'
  case $kind in
    words) COMPREPLY=($(compgen -W "${choices[*]}" -- "$current")) ;;
    file)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current"))
      ;;
    folder)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -d -- "$current"))
      ;;
  esac
}
complete -F @FUNCTION@ @PROGRAM@
)";

}  // namespace

std::string WriteBash(const std::string& program, const std::vector<const Command*>& commands) {
  const auto item = [](const std::string& name, const std::string&) { return Quoted(name); };
  return FillIn(kHead, program) + ShellTables(FunctionName(program), commands, item) +
         FillIn(kWalk, program);
}

}  // namespace matic::completion
