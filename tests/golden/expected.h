// SPDX-License-Identifier: Apache-2.0
//
// File: expected.h
//
// What the tests of fingerprints compare with.

#ifndef POLLUX_TESTS_GOLDEN_EXPECTED_H_
#define POLLUX_TESTS_GOLDEN_EXPECTED_H_

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"

namespace pollux::golden {

// What fingerprints.txt holds; empty where it is not there.
inline std::string Expected() {
  std::ifstream stream(absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
                                    "/tests/golden/fingerprints.txt"));
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

}  // namespace pollux::golden

#endif  // POLLUX_TESTS_GOLDEN_EXPECTED_H_
