# What `cmake --install` puts on a machine, besides the files in agent/systemd.
foreach(program matic-agent osctl)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION bin)
  endif()
endforeach()
if(TARGET matic-deadline)
  install(TARGETS matic-deadline RUNTIME DESTINATION lib/matic)
endif()
