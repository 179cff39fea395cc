// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link_profile.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pollux::sim {
namespace {

constexpr absl::Duration kMaxDelay = absl::Hours(1);
constexpr uint64_t kMaxRate = 1'000'000'000'000;
constexpr uint32_t kMaxOverhead = 1000;
constexpr uint32_t kMaxCorruptBits = 64;
constexpr uint64_t kMaxQueueBytes = uint64_t{1} << 40;

absl::Status Refuse(absl::string_view field, absl::string_view value, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(field, " ", value, why));
}

absl::Status ValidateDelay(absl::string_view field, absl::Duration delay) {
  if (delay >= absl::ZeroDuration() && delay <= kMaxDelay) return absl::OkStatus();
  return Refuse(field, absl::FormatDuration(delay),
                absl::StrCat(" is not from 0 to ", absl::FormatDuration(kMaxDelay)));
}

absl::Status ValidateDelays(const LinkProfile& profile) {
  if (absl::Status s = ValidateDelay("latency", profile.latency); !s.ok()) return s;
  if (absl::Status s = ValidateDelay("duplicate_delay", profile.duplicate_delay); !s.ok()) return s;
  if (absl::Status s = ValidateDelay("jitter", profile.jitter); !s.ok()) return s;
  return ValidateDelay("late_by", profile.late_by);
}

absl::Status ValidateLoss(const LinkProfile& profile) {
  if (absl::Status s = Validate(profile.loss_model); !s.ok()) return s;
  if (profile.loss_model.index() == 0) return absl::OkStatus();
  if (!profile.loss.is_never()) {
    return Refuse("loss", profile.loss.ToString(),
                  " and a loss_model: one of them has to say what is lost");
  }
  if (!profile.loss_correlation.is_never()) {
    return Refuse("loss_correlation", profile.loss_correlation.ToString(),
                  " is for loss, and not for a loss_model");
  }
  return absl::OkStatus();
}

// What changes the order of packets, or says that it does and would not.
absl::Status ValidateOrder(const LinkProfile& profile) {
  const bool overtakes = !profile.overtake.is_never();
  if (profile.overtake_gap == 0) return Refuse("overtake_gap", "0", " is not 1 or more");
  if (profile.overtake_gap > 1 && !overtakes) {
    return Refuse("overtake_gap", absl::StrCat(profile.overtake_gap),
                  " and overtake 0: no packet overtakes; is it to be Ratio::Always()?");
  }
  const bool at_once = profile.latency == absl::ZeroDuration() &&
                       profile.jitter == absl::ZeroDuration() && profile.late.is_never();
  if (overtakes && at_once) {
    return Refuse("overtake", profile.overtake.ToString(),
                  " with a latency of 0: all packets take no time, there is none to overtake");
  }
  if (overtakes && profile.keep_order) {
    return Refuse("overtake", profile.overtake.ToString(), " and keep_order: only one can be");
  }
  if (!profile.late.is_never() && profile.late_by == absl::ZeroDuration()) {
    return Refuse("late", profile.late.ToString(), " with a late_by of 0");
  }
  if (!profile.jitter_correlation.is_never() && profile.jitter == absl::ZeroDuration()) {
    return Refuse("jitter_correlation", profile.jitter_correlation.ToString(),
                  " with a jitter of 0");
  }
  return absl::OkStatus();
}

absl::Status ValidateLine(const LinkProfile& profile) {
  const QueueOptions& queue = profile.queue;
  if (profile.rate > kMaxRate) {
    return Refuse("rate", absl::StrCat(profile.rate), absl::StrCat(" is not up to ", kMaxRate));
  }
  if (profile.overhead > kMaxOverhead) {
    return Refuse("overhead", absl::StrCat(profile.overhead),
                  absl::StrCat(" is not up to ", kMaxOverhead));
  }
  if (queue.bytes > kMaxQueueBytes) {
    return Refuse("queue.bytes", absl::StrCat(queue.bytes),
                  absl::StrCat(" is not up to ", kMaxQueueBytes));
  }
  if (profile.rate == 0 && (queue.bytes > 0 || queue.packets > 0 || queue.codel.has_value())) {
    return Refuse("rate", "0", " and a queue: without a rate nothing waits in it");
  }
  if (queue.bytes > 0 && queue.bytes < uint64_t{profile.mtu} + profile.overhead) {
    return Refuse("queue.bytes", absl::StrCat(queue.bytes),
                  absl::StrCat(" has no room for a packet of mtu ", profile.mtu,
                               profile.overhead > 0 ? " and its overhead" : ""));
  }
  return queue.codel.has_value() ? Validate(*queue.codel) : absl::OkStatus();
}

}  // namespace

bool IsPlain(const LinkProfile& profile) {
  return profile.loss.is_never() && std::holds_alternative<std::monostate>(profile.loss_model) &&
         profile.loss_correlation.is_never() && profile.duplicate.is_never() &&
         profile.duplicate_correlation.is_never() && profile.overtake.is_never() &&
         profile.overtake_correlation.is_never() && profile.corrupt.is_never() &&
         profile.corrupt_correlation.is_never() && profile.late.is_never() &&
         profile.jitter == absl::ZeroDuration() && !profile.keep_order;
}

absl::Status Validate(const LinkProfile& profile, bool ipv6) {
  if (absl::Status s = ValidateDelays(profile); !s.ok()) return s;
  if (absl::Status s = ValidateLoss(profile); !s.ok()) return s;
  if (absl::Status s = ValidateOrder(profile); !s.ok()) return s;
  if (profile.corrupt_bits == 0 || profile.corrupt_bits > kMaxCorruptBits) {
    return Refuse("corrupt_bits", absl::StrCat(profile.corrupt_bits),
                  absl::StrCat(" is not from 1 to ", kMaxCorruptBits));
  }
  const uint32_t least = ipv6 ? kMinIpv6Mtu : kMinIpv4Mtu;
  if (profile.mtu < least || profile.mtu > kMaxMtu) {
    return Refuse("mtu", absl::StrCat(profile.mtu),
                  absl::StrCat(" is not from ", least, ", the least of ", ipv6 ? "IPv6" : "IPv4",
                               ", to ", kMaxMtu));
  }
  return ValidateLine(profile);
}

}  // namespace pollux::sim
