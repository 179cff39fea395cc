// SPDX-License-Identifier: Apache-2.0

#include "sim/partitions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pollux::sim {

uint64_t Partitions::Add(const Sides& sides) {
  Partition& partition = partitions_.emplace_back();
  partition.number = ++last_;
  for (size_t side = 0; side < sides.size(); ++side) {
    for (const std::string& host : sides[side]) partition.sides[host] = side;
  }
  return partition.number;
}

void Partitions::Remove(uint64_t partition) {
  partitions_.erase(
      std::remove_if(partitions_.begin(), partitions_.end(),
                     [&](const Partition& entry) { return entry.number == partition; }),
      partitions_.end());
}

bool Partitions::Separates(absl::string_view a, absl::string_view b) const {
  for (const Partition& partition : partitions_) {
    const auto side_a = partition.sides.find(a);
    if (side_a == partition.sides.end()) continue;
    const auto side_b = partition.sides.find(b);
    if (side_b != partition.sides.end() && side_a->second != side_b->second) return true;
  }
  return false;
}

std::string ToString(const Partitions::Sides& sides) {
  return absl::StrJoin(sides, " | ", [](std::string* out, const std::vector<std::string>& side) {
    absl::StrAppend(out, absl::StrJoin(side, " "));
  });
}

}  // namespace pollux::sim
