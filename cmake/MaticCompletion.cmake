# Completion scripts, printed by the programs themselves and put where the shells look for them.

# matic_completion(osctl COMPONENT osctl COMMAND completion): `osctl completion bash` prints the script.
function(matic_completion program)
  cmake_parse_arguments(ARG "" "COMPONENT;COMMAND" "" ${ARGN})
  set(folder ${CMAKE_BINARY_DIR}/completion)
  set(scripts ${folder}/${program}.bash ${folder}/${program}.zsh ${folder}/${program}.fish)
  set(commands COMMAND ${CMAKE_COMMAND} -E make_directory ${folder})
  foreach(shell bash zsh fish)
    # What other libraries keep until the end of a program is no reason to have no script.
    list(APPEND commands COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0
         $<TARGET_FILE:${program}> ${ARG_COMMAND} ${shell} > ${folder}/${program}.${shell})
  endforeach()
  add_custom_command(OUTPUT ${scripts} ${commands} DEPENDS ${program} VERBATIM)
  add_custom_target(${program}-completion ALL DEPENDS ${scripts})
  install(FILES ${folder}/${program}.bash COMPONENT ${ARG_COMPONENT} RENAME ${program}
          DESTINATION share/bash-completion/completions)
  install(FILES ${folder}/${program}.zsh COMPONENT ${ARG_COMPONENT} RENAME _${program}
          DESTINATION share/zsh/vendor-completions)
  install(FILES ${folder}/${program}.fish COMPONENT ${ARG_COMPONENT}
          DESTINATION share/fish/vendor_completions.d)
endfunction()
