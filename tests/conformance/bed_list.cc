// SPDX-License-Identifier: Apache-2.0

#include "tests/conformance/bed.h"
#include "tests/conformance/native_bed.h"
#include "tests/conformance/sim_bed.h"

namespace pollux::conformance {

std::vector<BedFactory> AllBeds() {
  std::vector<BedFactory> beds = {{"epoll", &NewNativeBed}, {"poll", &NewPollBed}};
  for (const BedFactory& bed : SimulatedBeds()) beds.push_back(bed);
  return beds;
}

}  // namespace pollux::conformance
