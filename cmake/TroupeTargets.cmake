# Targets of this project: one folder, one library, with an include root of its own that holds one
# link to that folder. A file that includes a folder its target does not depend on fails to compile.

set(TROUPE_INCLUDE_ROOTS ${PROJECT_SOURCE_DIR}/build/include_roots)

# Name of the target of a folder: actors/market_data -> actors_market_data
function(_troupe_target_name folder out)
  string(REPLACE "/" "_" name "${folder}")
  set(${out} "${name}" PARENT_SCOPE)
endfunction()

# troupe_library(actors/regime DEPENDS messages supervision PRIVATE_DEPENDS ... SOURCES ...)
function(troupe_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  _troupe_target_name(${folder} name)
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/${folder}/")
  add_library(${name} STATIC ${arg_SOURCES})
  set(root ${TROUPE_INCLUDE_ROOTS}/${name})
  get_filename_component(parent ${root}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  if(NOT IS_SYMLINK ${root}/${folder})
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  endif()
  target_include_directories(${name} PUBLIC ${root})
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS} troupe_warnings)
endfunction()

# troupe_program(troupe-node SOURCES nodes/main.cpp DEPENDS ...): lands in bin/ of the build tree
function(troupe_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} troupe_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# troupe_test(core DEPENDS core): every tests/<folder>/*.cpp in one executable, one ctest entry
# per doctest case, found when the executable is built. SERIAL: while one of them runs, ctest runs
# nothing else; for folders whose tests start processes and watch for what they do in time.
function(troupe_test folder)
  cmake_parse_arguments(arg "SERIAL" "TIMEOUT" "DEPENDS;DEFINITIONS" ${ARGN})
  if(NOT TROUPE_BUILD_TESTS)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  _troupe_target_name(${folder} name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE ${arg_DEPENDS} troupe_test_main troupe_warnings)
  target_compile_definitions(test_${name} PRIVATE
    TROUPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TROUPE_BIN_DIR="${PROJECT_BINARY_DIR}/bin"
    ${arg_DEFINITIONS})
  # What is tested is optimised, the tests themselves need not be: half the time to build them.
  target_compile_options(test_${name} PRIVATE -O0)
  set_target_properties(test_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests UNITY_BUILD_BATCH_SIZE 8)
  doctest_discover_tests(test_${name} TEST_PREFIX "${folder}: "
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${name} RUN_SERIAL ${arg_SERIAL})
endfunction()
