#include "lib/completion/writers.h"

namespace matic::completion {
namespace {

constexpr char kHead[] = R"(#compdef @PROGRAM@
# zsh completion of @PROGRAM@, written by @PROGRAM@ itself

)";

constexpr char kWalk[] = R"(@FUNCTION@() {
  local current=${words[CURRENT]} before=${words[CURRENT-1]} command='' kind word
  local -a choices flags inner
  local -i i
  for ((i = 2; i < CURRENT; ++i)); do
    word=${words[i]}
    if @FUNCTION@_value "$command" "$word"; then
      ((++i))
    elif @FUNCTION@_command "$command $word"; then
      command+=" $word"
    fi
  done
  if [[ $current == --*=* ]]; then
    before=${current%%=*}
    compset -P '*='
  fi
  if ! @FUNCTION@_value "$command" "$before"; then
    @FUNCTION@_command "$command"
    if [[ $current == -* ]]; then
      _describe -o option flags
      return
    elif ((${#inner})); then
      _describe command inner
      return
    fi
  fi
  case $kind in
    words) compadd -a choices ;;
    file) _files ;;
    folder) _files -/ ;;
    *) _message 'no more to complete' ;;
  esac
}

if [[ $funcstack[1] == @FUNCTION@ ]]; then
  @FUNCTION@ "$@"
else
  compdef @FUNCTION@ @PROGRAM@
fi
)";

// A colon ends the name.
std::string Item(const std::string& name, const std::string& text) {
  return Quoted(name + ":" + text);
}

}  // namespace

std::string WriteZsh(const std::string& program, const std::vector<const Command*>& commands) {
  return FillIn(kHead, program) + ShellTables(FunctionName(program), commands, Item) +
         FillIn(kWalk, program);
}

}  // namespace matic::completion
