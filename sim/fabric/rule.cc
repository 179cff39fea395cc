// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/rule.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux::sim {

// A rule as the book has it. The guard says that it is over; the book takes it out when nobody
// asks.
struct RuleGuard::Installed {
  std::string name;
  Rule rule;
  bool over = false;
};

Verdict::Verdict(Kind kind, absl::Duration delay) : kind_(kind), delay_(delay) {
  POLLUX_CHECK(
      delay >= absl::ZeroDuration() && delay <= absl::Hours(1),
      absl::StrCat("the delay ", absl::FormatDuration(delay), " of a verdict is not from 0 to 1h"));
}

std::string Verdict::ToString() const {
  switch (kind_) {
    case Kind::kPass:
      return "pass";
    case Kind::kDrop:
      return "drop";
    case Kind::kDelay:
      return absl::StrCat("delay by ", absl::FormatDuration(delay_));
    case Kind::kDuplicate:
      return absl::StrCat("duplicate after ", absl::FormatDuration(delay_));
    case Kind::kCorrupt:
      return "corrupt";
    case Kind::kHold:
      return "hold";
  }
  return "unknown";
}

bool PacketMatch::Fits(const Crossing& crossing) const {
  const Packet& packet = crossing.packet;
  return (from.empty() || from == crossing.from) && (to.empty() || to == crossing.to) &&
         (origin.empty() || origin == crossing.origin) && (link.empty() || link == crossing.link) &&
         (!source_port.has_value() || *source_port == packet.source.port) &&
         (!destination_port.has_value() || *destination_port == packet.destination.port) &&
         absl::StrContains(packet.payload.bytes(), payload_has);
}

RuleGuard::RuleGuard(RuleGuard&& other) noexcept : rule_(std::exchange(other.rule_, {})) {}

RuleGuard& RuleGuard::operator=(RuleGuard&& other) noexcept {
  if (this != &other) {
    Uninstall();
    rule_ = std::exchange(other.rule_, {});
  }
  return *this;
}

void RuleGuard::Uninstall() {
  if (const std::shared_ptr<Installed> rule = rule_.lock()) rule->over = true;
  rule_.reset();
}

RuleBook::RuleBook() = default;
RuleBook::~RuleBook() = default;

RuleGuard RuleBook::Add(absl::string_view name, Rule rule) {
  POLLUX_CHECK(rule != nullptr, absl::StrCat("rule \"", name, "\" is no function, but null"));
  if (!asking_) Sweep();
  POLLUX_CHECK(rules_.size() < kMax, absl::StrCat("more than ", kMax,
                                                  " rules are installed; are their guards kept for "
                                                  "longer than they should be?"));
  auto installed = std::make_shared<RuleGuard::Installed>();
  installed->name = std::string(name);
  installed->rule = std::move(rule);
  rules_.push_back(installed);
  return RuleGuard(installed);
}

Verdict RuleBook::Ask(const Crossing& crossing, std::string& by) {
  POLLUX_CHECK(!asking_, "a rule has sent a packet, or run the network");
  Sweep();
  asking_ = true;
  Verdict verdict = Verdict::Pass();
  // What a rule adds is for the next packet.
  const size_t count = rules_.size();
  for (size_t i = 0; i < count && verdict.kind() == Verdict::Kind::kPass; ++i) {
    const std::shared_ptr<RuleGuard::Installed> installed = rules_[i];
    if (installed->over) continue;
    verdict = installed->rule(crossing);
    by = installed->name;
  }
  asking_ = false;
  return verdict;
}

void RuleBook::Sweep() {
  rules_.erase(std::remove_if(rules_.begin(), rules_.end(),
                              [](const auto& installed) { return installed->over; }),
               rules_.end());
}

}  // namespace pollux::sim
