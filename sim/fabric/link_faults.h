// SPDX-License-Identifier: Apache-2.0
//
// File: link_faults.h
//
// `LinkFaults` is what is the matter with the links of a segment: changes that are in force, on top
// of the profiles that were set, and whatever becomes of these meanwhile.

#ifndef POLLUX_SIM_FABRIC_LINK_FAULTS_H_
#define POLLUX_SIM_FABRIC_LINK_FAULTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "sim/fabric/link_change.h"
#include "sim/fabric/link_profile.h"

namespace pollux::sim {

// Loop thread only.
class LinkFaults {
 public:
  using Station = size_t;  // By its number.

  // From and to these stations; nullopt: all. Changes add up in the order in which they came; of
  // two that set one thing, the later one counts. Returns its number, for `Remove`.
  uint64_t Add(std::optional<Station> from, std::optional<Station> to, const LinkChange& change);
  // Nothing happens if there is no such one.
  void Remove(uint64_t fault);
  void Clear() { faults_.clear(); }

  // What is in force in that direction, where `profile` was set: `profile` itself if nothing is the
  // matter, or one that lives as long as this, until it is asked for again.
  const LinkProfile& Apply(Station from, Station to, const LinkProfile& profile) const;

 private:
  struct Fault {
    uint64_t number;
    std::optional<Station> from;
    std::optional<Station> to;
    LinkChange change;
  };

  std::vector<Fault> faults_;
  uint64_t last_ = 0;
  // On the heap, since links refer to them.
  mutable absl::btree_map<std::pair<Station, Station>, std::unique_ptr<LinkProfile>> profiles_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LINK_FAULTS_H_
