# Run by CPack on the trees that become packages: what Debian expects of any package, and nothing that
# differs from one build to the next.
set(epoch $ENV{SOURCE_DATE_EPOCH})
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} COMPONENT)
  set(package ${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME})
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
  # Not file(INSTALL): DESTDIR is set here.
  file(COPY ${CPACK_MATIC_PACKAGING}/copyright DESTINATION ${root}/usr/share/doc/${package})
  file(GLOB pages ${root}/usr/share/man/man*/*.[0-9])
  if(pages)
    execute_process(COMMAND gzip -9nf ${pages} COMMAND_ERROR_IS_FATAL ANY)
  endif()
  execute_process(COMMAND chmod -R u=rwX,go=rX ${root} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND find ${root} -exec touch --no-dereference --date=@${epoch} {} +
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
