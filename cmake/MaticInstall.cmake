# What `cmake --install` puts on a machine, besides the files in agent/systemd and osctl/systemd. Each rule names the
# package it belongs to as its component: agent or osctl.
install(TARGETS matic-agent RUNTIME DESTINATION bin COMPONENT agent)
install(TARGETS matic-deadline matic-verity RUNTIME DESTINATION lib/matic COMPONENT agent)
# The boot selector, named for the architecture this is built for.
install(DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/ DESTINATION lib/matic COMPONENT osctl
        FILES_MATCHING PATTERN "matic-boot*.efi")
