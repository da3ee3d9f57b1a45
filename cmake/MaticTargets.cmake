# How a target of this project is declared. One static library a folder; `DEPS` are the only folders
# it may include (tools/check reads the same lines). `EXTERNAL` libraries are linked PRIVATE: their
# types appear in no header outside the folder that wraps them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(MATIC_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
# Where configure_file and generated files go is under the build folder; sources include from the root.
set(MATIC_WARNINGS -Wall -Wextra -Wswitch-enum -Wconversion -Wshadow=local -Werror)
# What clang's libFuzzer needs (tests/fuzz). The warnings are g++'s, which every other build has.
option(MATIC_FUZZ "Build everything for libFuzzer" OFF)
if(MATIC_FUZZ)
  set(MATIC_WARNINGS -w)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
add_compile_definitions(MATIC_VERSION="${PROJECT_VERSION}")
if(MATIC_FUZZ)
  # Every program and library is one that a fuzzer may be linked of; only targets of matic_fuzz have its
  # main.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=address,undefined)
elseif(MATIC_SANITIZE)
  add_compile_options(-fsanitize=${MATIC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MATIC_SANITIZE})
  # What is known of libraries that are not ours; programs that tests start see it too.
  if(MATIC_SANITIZE STREQUAL thread)
    # Debian's gRPC and abseil synchronise in ways that ThreadSanitizer cannot see.
    set(MATIC_TEST_ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1")
  else()
    # Some tests preload libraries of their own, which come before the sanitizer's.
    set(MATIC_TEST_ENVIRONMENT "ASAN_OPTIONS=verify_asan_link_order=0"
                               "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/lsan.supp:print_suppressions=0")
  endif()
else()
  add_compile_options(-fstack-protector-strong $<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

function(matic_target_defaults name)
  target_compile_options(${name} PRIVATE ${MATIC_WARNINGS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()

# matic_library(lib_base SOURCES error.cc DEPS ... EXTERNAL ...)
function(matic_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;EXTERNAL" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  matic_target_defaults(${name})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_EXTERNAL})
endfunction()

# matic_program(osctl SOURCES main.cc DEPS ... EXTERNAL ...)
function(matic_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;EXTERNAL" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  matic_target_defaults(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} ${ARG_EXTERNAL})
endfunction()

# matic_test(lib_base_test SOURCES result_test.cc DEPS lib_base): every TEST in it becomes a ctest case.
function(matic_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;EXTERNAL;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  matic_target_defaults(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} ${ARG_EXTERNAL} GTest::gmock_main)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
                                  ENVIRONMENT "${MATIC_TEST_ENVIRONMENT}")
endfunction()
