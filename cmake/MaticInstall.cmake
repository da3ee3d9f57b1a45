# What `cmake --install` puts on a machine, besides the files in agent/systemd.
install(TARGETS matic-agent RUNTIME DESTINATION bin)
install(TARGETS matic-deadline RUNTIME DESTINATION lib/matic)
# The boot selector, named for the architecture this is built for.
install(DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/ DESTINATION lib/matic
        FILES_MATCHING PATTERN "matic-boot*.efi")
