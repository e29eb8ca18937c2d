# Helpers that every folder of the house uses: godwit_library, godwit_program, godwit_test.
include_guard()
include(GNUInstallDirs)

option(GODWIT_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(GODWIT_BUILD_PROGRAMS "Build the examples and the programs for tests and benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(GODWIT_BUILD_PYTHON "Build the Python extension" OFF)
option(GODWIT_FUZZ "Build the fuzzers with libFuzzer (clang)" OFF)
option(GODWIT_WERROR "Treat warnings as errors" OFF)
option(GODWIT_UNITY "Compile several files of a library as one: half the time for a build from nothing" OFF)
option(GODWIT_CCACHE "Compile through ccache where it is installed" ${PROJECT_IS_TOP_LEVEL})
option(GODWIT_INSTALL "Make the install rules" ${PROJECT_IS_TOP_LEVEL})

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Kind of build" FORCE)
  endif()
endif()

if(GODWIT_CCACHE)
  find_program(GODWIT_CCACHE_PROGRAM ccache)
  foreach(language C CXX)
    if(GODWIT_CCACHE_PROGRAM AND NOT CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER "${GODWIT_CCACHE_PROGRAM}")
    endif()
  endforeach()
endif()

if(GODWIT_BUILD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

add_library(godwit_flags INTERFACE)
target_include_directories(godwit_flags INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(godwit_flags INTERFACE cxx_std_20)
set_target_properties(godwit_flags PROPERTIES EXPORT_NAME flags)
set_property(GLOBAL PROPERTY GODWIT_LIBRARIES godwit_flags)

# Not exported: what other projects compile is their own affair. g++ 12 reports false -Wrestrict at std::string.
add_library(godwit_warnings INTERFACE)
target_compile_options(godwit_warnings INTERFACE -Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                                                 $<$<BOOL:${GODWIT_WERROR}>:-Werror>)

# Cuts the sources of a folder into `sources` and `tests` (*_test.cc) of the calling scope.
macro(_godwit_glob recurse)
  if(${recurse})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  else()
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
endmacro()

# Makes one ctest test of each GoogleTest case of the program NAME. The names start with the program's.
function(_godwit_register_tests name)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
                       PROPERTIES LABELS "${ARGN}" TIMEOUT 300)
endfunction()

# godwit_library(NAME [DEPS lib...] [LINK system-lib...] [RECURSE] [NO_UNITY] [TEST_DEPS lib...] [TEST_LINK system-lib...])
#
# The library godwit_NAME (godwit::NAME) from all *.cc of the calling folder (with RECURSE, of the folders below too),
# but for *_test.cc, which become the test program NAME_test. DEPS are names of other godwit libraries, without the
# prefix; they are public. LINK are libraries of the system, private to the *.cc files. With GODWIT_UNITY several files are
# compiled as one, unless the library says NO_UNITY: so names in unnamed namespaces must differ inside a library.
function(godwit_library name)
  cmake_parse_arguments(arg "RECURSE;NO_UNITY" "" "DEPS;LINK;TEST_DEPS;TEST_LINK" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "godwit_library(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  _godwit_glob(arg_RECURSE)
  list(TRANSFORM arg_DEPS PREPEND godwit_)
  list(TRANSFORM arg_TEST_DEPS PREPEND godwit_)
  if(sources)
    add_library(godwit_${name} STATIC ${sources})
    target_link_libraries(godwit_${name} PUBLIC godwit_flags ${arg_DEPS} PRIVATE ${arg_LINK})
    target_compile_options(godwit_${name} PRIVATE $<TARGET_PROPERTY:godwit_warnings,INTERFACE_COMPILE_OPTIONS>)
    if(GODWIT_UNITY AND NOT arg_NO_UNITY)
      set_target_properties(godwit_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
      # Files that a compiler wrote name their tables alike.
      set(written ${sources})
      list(FILTER written INCLUDE REGEX "\\.pb\\.cc$")
      set_source_files_properties(${written} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  else()
    add_library(godwit_${name} INTERFACE)
    target_link_libraries(godwit_${name} INTERFACE godwit_flags ${arg_DEPS} ${arg_LINK})
  endif()
  set_target_properties(godwit_${name} PROPERTIES EXPORT_NAME ${name})
  add_library(godwit::${name} ALIAS godwit_${name})
  set_property(GLOBAL APPEND PROPERTY GODWIT_LIBRARIES godwit_${name})
  if(GODWIT_BUILD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE godwit_${name} ${arg_TEST_DEPS} ${arg_TEST_LINK} godwit_warnings
                                               GTest::gmock GTest::gtest_main)
    _godwit_register_tests(${name}_test ${name})
  endif()
endfunction()

# godwit_program(NAME SOURCES file... [DEPS lib...] [LINK system-lib...] [PROTOS file... [IMPORT_DIRS dir...]])
#
# A program of the house in build/PRESET/bin. PROTOS are compiled by our own compiler (see GodwitGenerate.cmake).
function(godwit_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LINK;PROTOS;IMPORT_DIRS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "godwit_program(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  list(TRANSFORM arg_DEPS PREPEND godwit_)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ${arg_LINK} godwit_flags godwit_warnings)
  if(arg_PROTOS)
    godwit_generate(${name} PROTOS ${arg_PROTOS} IMPORT_DIRS ${arg_IMPORT_DIRS})
  endif()
endfunction()

# godwit_test(NAME SOURCES file... [DEPS lib...] [LINK system-lib...] [LABELS label...] [PROTOS ... [IMPORT_DIRS ...]])
#
# A GoogleTest program that crosses libraries (folder tests/).
function(godwit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LINK;LABELS;PROTOS;IMPORT_DIRS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "godwit_test(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  if(GODWIT_BUILD_TESTS)
    godwit_program(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} LINK ${arg_LINK} GTest::gmock GTest::gtest_main
                           PROTOS ${arg_PROTOS} IMPORT_DIRS ${arg_IMPORT_DIRS})
    _godwit_register_tests(${name} ${arg_LABELS})
  endif()
endfunction()
