// SPDX-License-Identifier: Apache-2.0
//
// Prints what fingerprints.txt has to say.

#include <iostream>

#include "tests/golden/scenarios.h"

int main() { std::cout << pollux::golden::FingerprintLines(); }
