// SPDX-License-Identifier: Apache-2.0
//
// File: link_change.h
//
// What a fault changes of a link while it is in force, on top of the profile that the link has.

#ifndef POLLUX_SIM_FABRIC_LINK_CHANGE_H_
#define POLLUX_SIM_FABRIC_LINK_CHANGE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sim/choice/ratio.h"
#include "sim/fabric/link_profile.h"

namespace pollux::sim {

// A value type; thread-compatible. What is not set stays as it is.
struct LinkChange {
  std::optional<Ratio> loss = std::nullopt;  // In place of the profile's, a model included.
  std::optional<Ratio> duplicate = std::nullopt;
  std::optional<Ratio> corrupt = std::nullopt;
  // More latency than the profile's; from 0 to one hour, which the sum does not exceed either.
  std::optional<absl::Duration> delay = std::nullopt;
  std::optional<absl::Duration> jitter = std::nullopt;  // In place of the profile's.

  // Whether it changes nothing.
  bool empty() const { return !loss && !duplicate && !corrupt && !delay && !jitter; }
  // Whether both set the same thing.
  bool Meets(const LinkChange& other) const;
  // A valid profile with this change is valid.
  void ApplyTo(LinkProfile& profile) const;
  // "loss 1/2 delay 20ms".
  std::string ToString() const;

  friend bool operator==(const LinkChange& a, const LinkChange& b) {
    return a.loss == b.loss && a.duplicate == b.duplicate && a.corrupt == b.corrupt &&
           a.delay == b.delay && a.jitter == b.jitter;
  }
};

// Errors: kInvalidArgument, naming the field and its value.
absl::Status Validate(const LinkChange& change);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_LINK_CHANGE_H_
