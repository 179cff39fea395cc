// SPDX-License-Identifier: Apache-2.0
//
// File: environment.h
//
// The environment of the test's own process, changed. What changes it has other names on each
// system: the build chooses between environment_unix.cc and environment_windows.cc.

#ifndef POLLUX_TESTS_SIM_TESTING_ENVIRONMENT_H_
#define POLLUX_TESTS_SIM_TESTING_ENVIRONMENT_H_

namespace pollux::testing {

// Not while other threads read the environment.
void SetVariable(const char* name, const char* value);
void RemoveVariable(const char* name);

}  // namespace pollux::testing

#endif  // POLLUX_TESTS_SIM_TESTING_ENVIRONMENT_H_
