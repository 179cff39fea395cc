// SPDX-License-Identifier: Apache-2.0

#include <cstdlib>

#include "tests/sim/testing/environment.h"

namespace pollux::testing {

void SetVariable(const char* name, const char* value) { setenv(name, value, /*overwrite=*/1); }

void RemoveVariable(const char* name) { unsetenv(name); }

}  // namespace pollux::testing
