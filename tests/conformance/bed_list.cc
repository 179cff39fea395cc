// SPDX-License-Identifier: Apache-2.0

#include "tests/conformance/bed.h"
#include "tests/conformance/native_bed.h"
#include "tests/conformance/sim_bed.h"

namespace pollux::conformance {

std::vector<BedFactory> AllBeds() {
  return {{"epoll", &NewNativeBed}, {"poll", &NewPollBed}, {"sim_linux", &NewSimulatedLinuxBed}};
}

}  // namespace pollux::conformance
