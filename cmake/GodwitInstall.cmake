# What `cmake --install` gives: libraries, headers, the command, and the package for find_package(godwit).
include_guard()
include(CMakePackageConfigHelpers)

# All generated code of the build at once, for tools that read it (make lint) without building the rest.
get_property(generate GLOBAL PROPERTY GODWIT_GENERATED_TARGETS)
if(NOT TARGET godwit_generated)
  add_custom_target(godwit_generated)
endif()
if(generate)
  add_dependencies(godwit_generated ${generate})
endif()

if(NOT GODWIT_INSTALL)
  return()
endif()

set(GODWIT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/godwit)
get_property(libraries GLOBAL PROPERTY GODWIT_LIBRARIES)
install(TARGETS ${libraries} EXPORT godwitTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET godwit_cli)
  set_target_properties(godwit_cli PROPERTIES EXPORT_NAME cli)
  install(TARGETS godwit_cli EXPORT godwitTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(EXPORT godwitTargets NAMESPACE godwit:: DESTINATION ${GODWIT_CMAKE_DIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/godwit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*_test*.h" EXCLUDE)

# The packages that users' CMake has to look up, from what the libraries link.
set(GODWIT_PACKAGES)
foreach(library IN LISTS libraries)
  get_target_property(linked ${library} INTERFACE_LINK_LIBRARIES)
  string(REGEX MATCHALL "[A-Za-z0-9]+::" names "${linked}")
  string(REPLACE "::" "" names "${names}")
  list(APPEND GODWIT_PACKAGES ${names})
endforeach()
list(REMOVE_ITEM GODWIT_PACKAGES godwit)
list(REMOVE_DUPLICATES GODWIT_PACKAGES)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/godwitConfig.cmake.in ${PROJECT_BINARY_DIR}/godwitConfig.cmake
                              INSTALL_DESTINATION ${GODWIT_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/godwitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/godwitConfig.cmake ${PROJECT_BINARY_DIR}/godwitConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/GodwitGenerate.cmake DESTINATION ${GODWIT_CMAKE_DIR})
