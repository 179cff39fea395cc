// SPDX-License-Identifier: Apache-2.0

#include <cstdlib>

#include "tests/sim/testing/environment.h"

namespace pollux::testing {

void SetVariable(const char* name, const char* value) { _putenv_s(name, value); }

// There, one that is empty is none.
void RemoveVariable(const char* name) { _putenv_s(name, ""); }

}  // namespace pollux::testing
