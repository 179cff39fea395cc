// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link_faults.h"

#include <algorithm>

namespace pollux::sim {

uint64_t LinkFaults::Add(std::optional<Station> from, std::optional<Station> to,
                         const LinkChange& change) {
  faults_.push_back({++last_, from, to, change});
  return last_;
}

void LinkFaults::Remove(uint64_t fault) {
  faults_.erase(std::remove_if(faults_.begin(), faults_.end(),
                               [&](const Fault& entry) { return entry.number == fault; }),
                faults_.end());
}

const LinkProfile& LinkFaults::Apply(Station from, Station to, const LinkProfile& profile) const {
  LinkProfile changed;
  bool any = false;
  for (const Fault& fault : faults_) {
    if (fault.from.value_or(from) != from || fault.to.value_or(to) != to) continue;
    if (!any) changed = profile;
    any = true;
    fault.change.ApplyTo(changed);
  }
  if (!any) return profile;
  std::unique_ptr<LinkProfile>& slot = profiles_[{from, to}];
  if (slot == nullptr) slot = std::make_unique<LinkProfile>();
  *slot = changed;
  return *slot;
}

}  // namespace pollux::sim
