#include "base/version.h"

namespace pointsman {

const char* Version() { return POINTSMAN_VERSION; }
const char* Compiler() { return POINTSMAN_COMPILER; }

}  // namespace pointsman
