// Which build this is. The version is that of project() in CMakeLists.txt.
// Threads: any.
#pragma once

namespace pointsman {

const char* Version();   // "0.2.0"
const char* Compiler();  // "GNU 12.2.0"

}  // namespace pointsman
