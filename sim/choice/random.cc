// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/random.h"

#include <cstddef>

namespace pollux::sim {

uint64_t StableHash(absl::string_view bytes) {
  uint64_t hash = MixBits(bytes.size() + 0x9e3779b97f4a7c15);
  for (const char byte : bytes) hash = MixBits(hash ^ static_cast<unsigned char>(byte));
  return hash;
}

}  // namespace pollux::sim
