# The Debian packages matic-agent and osctl: a component each. tools/package runs CPack.
set(MATIC_PACKAGING ${PROJECT_SOURCE_DIR}/packaging/debian)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR Matic)
set(CPACK_PACKAGE_CONTACT "Matic maintainers <maintainers@matic.example>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_VERBATIM_VARIABLES ON)
# agent.yaml has an absolute place; everything else is under the prefix that the units name.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${MATIC_PACKAGING}/finish.cmake)
set(CPACK_MATIC_PACKAGING ${MATIC_PACKAGING})

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL agent osctl)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_AGENT_PACKAGE_NAME matic-agent)
set(CPACK_COMPONENT_AGENT_DESCRIPTION "update agent with trials and automatic rollback
Stages an image into the slot that does not run, starts it on trial, checks its
health, and confirms it or goes back to the system that ran before.")
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS systemd)
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS osctl)
set(CPACK_DEBIAN_AGENT_PACKAGE_CONTROL_EXTRA
    ${MATIC_PACKAGING}/agent/conffiles ${MATIC_PACKAGING}/agent/postinst
    ${MATIC_PACKAGING}/agent/prerm ${MATIC_PACKAGING}/agent/postrm)

set(CPACK_DEBIAN_OSCTL_PACKAGE_NAME osctl)
set(CPACK_COMPONENT_OSCTL_DESCRIPTION "update, watch and repair Matic nodes, and make their images
The command line for the nodes that matic-agent runs on, for their certificates
and for images and disks; with the boot selector that disks start from, and
matic-bootsim, which says what it would start.")
set(CPACK_DEBIAN_OSCTL_PACKAGE_RECOMMENDS openssh-client)
set(CPACK_DEBIAN_OSCTL_PACKAGE_SUGGESTS "matic-agent, cryptsetup-bin, sbsigntool, squashfs-tools, systemd")
set(CPACK_DEBIAN_OSCTL_PACKAGE_CONTROL_EXTRA
    ${MATIC_PACKAGING}/osctl/conffiles ${MATIC_PACKAGING}/osctl/postinst
    ${MATIC_PACKAGING}/osctl/prerm ${MATIC_PACKAGING}/osctl/postrm)

include(CPack)
