// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link_profile.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pollux::sim {
namespace {

constexpr absl::Duration kMaxDelay = absl::Hours(1);

absl::Status ValidateDelay(absl::string_view field, absl::Duration delay) {
  if (delay >= absl::ZeroDuration() && delay <= kMaxDelay) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " ", absl::FormatDuration(delay),
                                                 " is not from 0 to ",
                                                 absl::FormatDuration(kMaxDelay)));
}

}  // namespace

absl::Status Validate(const LinkProfile& profile, bool ipv6) {
  if (absl::Status s = ValidateDelay("latency", profile.latency); !s.ok()) return s;
  if (absl::Status s = ValidateDelay("duplicate_delay", profile.duplicate_delay); !s.ok()) return s;
  if (absl::Status s = ValidateDelay("jitter", profile.jitter); !s.ok()) return s;
  if (absl::Status s = Validate(profile.loss_model); !s.ok()) return s;
  if (profile.loss_model.index() != 0 && !profile.loss.is_never()) {
    return absl::InvalidArgumentError(
        absl::StrCat("loss ", profile.loss.ToString(),
                     " and a loss_model: one of them has to say what is lost"));
  }
  const uint32_t least = ipv6 ? kMinIpv6Mtu : kMinIpv4Mtu;
  if (profile.mtu < least || profile.mtu > kMaxMtu) {
    return absl::InvalidArgumentError(absl::StrCat("mtu ", profile.mtu, " is not from ", least,
                                                   ", the least of ", ipv6 ? "IPv6" : "IPv4",
                                                   ", to ", kMaxMtu));
  }
  return absl::OkStatus();
}

}  // namespace pollux::sim
