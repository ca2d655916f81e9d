# console_files(OUT): makes a source file that holds the files of console/dist, compressed, and sets OUT to its path. The
# assembler reads them, since a compiler takes seconds for so many numbers.
function(console_files out)
  set(dist ${PROJECT_SOURCE_DIR}/console/dist)
  set(packed ${PROJECT_BINARY_DIR}/console)
  file(MAKE_DIRECTORY ${packed})
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${dist}/*)
  set(data "")
  set(names "")
  set(rows "")
  set(results "")
  set(i 0)
  foreach(file IN LISTS files)
    file(RELATIVE_PATH path ${dist} ${file})
    string(APPEND data "    \"console_file_${i}: .incbin \\\"${packed}/${i}.gz\\\"\\n\"\n"
                       "    \"console_file_${i}_end:\\n\"\n")
    string(APPEND names "extern const char console_file_${i}[], console_file_${i}_end[];\n")
    string(APPEND rows "    {\"/${path}\", {console_file_${i}, static_cast<std::size_t>(console_file_${i}_end - console_file_${i})}},\n")
    list(APPEND results ${packed}/${i}.gz)
    math(EXPR i "${i} + 1")
  endforeach()
  add_executable(gzip_files ${PROJECT_SOURCE_DIR}/cmake/gzip_main.cc)
  target_link_libraries(gzip_files PRIVATE ZLIB::ZLIB)
  set_target_properties(gzip_files PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${packed})
  if(files)
    add_custom_command(OUTPUT ${results} COMMAND gzip_files ${packed} ${files} DEPENDS gzip_files ${files} VERBATIM)
  endif()
  set(source ${PROJECT_BINARY_DIR}/console_files.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[// Made by cmake/console.cmake.
#include <vector>

#include "service/http/console.h"

asm(".pushsection .rodata\n"
@data@    ".popsection\n");
extern "C" {
@names@}

namespace pointsman::service {

std::span<const ConsoleFile> ConsoleFiles() {
  static const std::vector<ConsoleFile> files = {
@rows@  };
  return files;
}

}  // namespace pointsman::service
]])
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${results}")
  set(${out} ${source} PARENT_SCOPE)
endfunction()
