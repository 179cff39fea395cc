// SPDX-License-Identifier: Apache-2.0
//
// File: partitions.h
//
// `Partitions` is who cannot hear whom: the partitions of a network that are in force.

#ifndef POLLUX_SIM_PARTITIONS_H_
#define POLLUX_SIM_PARTITIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace pollux::sim {

// Loop thread only.
class Partitions {
 public:
  // By host names. A host that is on no side hears all others, and they it.
  using Sides = std::vector<std::vector<std::string>>;

  // Returns its number, for `Remove`.
  uint64_t Add(const Sides& sides);
  // Nothing happens if there is no such one.
  void Remove(uint64_t partition);
  void Clear() { partitions_.clear(); }

  bool empty() const { return partitions_.empty(); }
  // Whether a partition has the two hosts on different sides.
  bool Separates(absl::string_view a, absl::string_view b) const;

 private:
  struct Partition {
    uint64_t number;
    absl::flat_hash_map<std::string, size_t> sides;  // Looked up, never iterated.
  };

  std::vector<Partition> partitions_;
  uint64_t last_ = 0;
};

// "alice | bob carol".
std::string ToString(const Partitions::Sides& sides);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_PARTITIONS_H_
