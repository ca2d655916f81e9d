# One folder = one library = one include root. A target sees "foo/x.h" only if it links foo, so an
# include that the layering forbids does not compile.
#
#   pointsman_library(NAME [FOLDER path] HEADERS ... SOURCES ... [PUBLIC ...] [PRIVATE ...])
#
# PUBLIC only where the folder's headers include the other folder's headers; everything else PRIVATE.
function(pointsman_library name)
  cmake_parse_arguments(A "" "FOLDER" "HEADERS;SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pointsman_library(${name}): unknown arguments ${A_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT A_FOLDER)
    set(A_FOLDER ${name})
  endif()
  set(root ${PROJECT_BINARY_DIR}/include-root/${name})
  get_filename_component(parent ${root}/${A_FOLDER} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${A_FOLDER} SYMBOLIC)
  add_library(${name} STATIC ${A_SOURCES})
  # A header with a .cc of its name is that file's first include, so it compiles alone; the others are
  # compiled alone by the target all_verify_interface_header_sets.
  set(alone "")
  set(paired "")
  foreach(header IN LISTS A_HEADERS)
    string(REGEX REPLACE "\\.h$" ".cc" source ${header})
    if(source IN_LIST A_SOURCES)
      list(APPEND paired ${root}/${A_FOLDER}/${header})
    else()
      list(APPEND alone ${root}/${A_FOLDER}/${header})
    endif()
  endforeach()
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${root} FILES ${alone}
                                FILE_SET paired TYPE HEADERS BASE_DIRS ${root} FILES ${paired})
  set_target_properties(${name} PROPERTIES INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
  target_link_libraries(${name} PUBLIC ${A_PUBLIC} PRIVATE ${A_PRIVATE})
  target_compile_options(${name} PRIVATE ${POINTSMAN_WARNINGS})
endfunction()

# pointsman_binary(NAME SOURCES ... LINK ...)
function(pointsman_binary name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LINK})
  target_compile_options(${name} PRIVATE ${POINTSMAN_WARNINGS})
endfunction()

# One test executable per folder, linking only that folder's library, so that a test cannot reach
# around a boundary.  pointsman_test(NAME SOURCES ... LINK ... [LABELS ...] [NUMERIC])
# For each label there is a target that builds the tests of it: memory_tests and threads_tests are what
# .ci/run builds with sanitizers.
function(pointsman_test name)
  cmake_parse_arguments(A "NUMERIC" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  foreach(label IN LISTS A_LABELS)
    if(NOT TARGET ${label}_tests)
      add_custom_target(${label}_tests)
    endif()
    add_dependencies(${label}_tests ${name})
  endforeach()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LINK} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${POINTSMAN_WARNINGS})
  # With sanitizers what is tested is optimised and the tests are not, which is a third less to compile;
  # but for NUMERIC ones, whose own code computes for long.
  if(NOT A_NUMERIC)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Sanitizer>:-O0>)
  endif()
  target_include_directories(${name} PRIVATE ${PROJECT_BINARY_DIR}/include-root/test_paths)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${A_TIMEOUT})
endfunction()
