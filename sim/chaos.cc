// SPDX-License-Identifier: Apache-2.0

#include "sim/chaos.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

using Verb = FaultPlan::Verb;

constexpr int kMaxFaults = 100;
constexpr absl::Duration kStep = absl::Milliseconds(1);  // What times are drawn in.

bool IsDrawable(Verb verb) {
  const std::vector<Verb> all = ChaosOptions().verbs;
  return std::find(all.begin(), all.end(), verb) != all.end();
}

class Drawer {
 public:
  Drawer(const ChaosOptions& options, const ChaosTargets& targets, Choices& choices,
         uint64_t& draws)
      : options_(options), targets_(targets), choices_(choices), draws_(draws) {
    for (const ChaosTargets::Host& host : targets.hosts) {
      if (!Spares(host.name)) hosts_.push_back(&host);
    }
  }

  // Nullopt where the network has nothing that it could happen to.
  std::optional<FaultPlan::Entry> Draw();

 private:
  bool Spares(const std::string& name) const {
    return std::find(options_.spared.begin(), options_.spared.end(), name) != options_.spared.end();
  }
  uint64_t Below(uint64_t bound) {
    return choices_.Below({DrawKind::kChaos, owner_, ++draws_}, bound);
  }
  template <typename T>
  const T& OneOf(const std::vector<T>& all) {
    return all[Below(all.size())];
  }
  // From `least` to `most`, in whole milliseconds.
  absl::Duration Between(absl::Duration least, absl::Duration most) {
    return least + kStep * static_cast<int64_t>(Below((most - least) / kStep + 1));
  }
  bool DrawTarget(FaultPlan::Entry& entry);
  bool DrawSides(FaultPlan::Entry& entry);
  bool DrawLink(FaultPlan::Entry& entry);

  const ChaosOptions& options_;
  const ChaosTargets& targets_;
  Choices& choices_;
  uint64_t& draws_;
  const DrawOwner owner_{"chaos"};
  std::vector<const ChaosTargets::Host*> hosts_;
};

bool Drawer::DrawSides(FaultPlan::Entry& entry) {
  if (hosts_.size() < 2) return false;
  entry.sides.resize(2);
  for (const ChaosTargets::Host* host : hosts_) entry.sides[Below(2)].push_back(host->name);
  // Where all are on one side, the last of them is moved to the other.
  for (int side = 0; side < 2; ++side) {
    if (!entry.sides[side].empty()) continue;
    entry.sides[side].push_back(entry.sides[1 - side].back());
    entry.sides[1 - side].pop_back();
  }
  return true;
}

bool Drawer::DrawLink(FaultPlan::Entry& entry) {
  std::vector<const ChaosTargets::Segment*> segments;
  for (const ChaosTargets::Segment& segment : targets_.segments) {
    if (segment.hosts.size() >= 2) segments.push_back(&segment);
  }
  if (segments.empty()) return false;
  const ChaosTargets::Segment& segment = *OneOf(segments);
  std::vector<std::string> hosts;
  for (const std::string& name : segment.hosts) {
    if (!Spares(name)) hosts.push_back(name);
  }
  if (hosts.size() < 2) return false;
  entry.segment = segment.name;
  const size_t from = Below(hosts.size());
  const size_t to = (from + 1 + Below(hosts.size() - 1)) % hosts.size();
  entry.host = hosts[from];
  entry.to = hosts[to];
  switch (Below(4)) {
    case 0:
      entry.change.loss = Ratio(static_cast<int64_t>(1 + Below(10)), 10);
      break;
    case 1:
      entry.change.duplicate = Ratio(static_cast<int64_t>(1 + Below(10)), 10);
      break;
    case 2:
      entry.change.corrupt = Ratio(static_cast<int64_t>(1 + Below(10)), 10);
      break;
    default:
      entry.change.delay = kStep * static_cast<int64_t>(1 + Below(500));
  }
  return true;
}

bool Drawer::DrawTarget(FaultPlan::Entry& entry) {
  if (entry.verb == Verb::kPartition) return DrawSides(entry);
  if (entry.verb == Verb::kLink) return DrawLink(entry);
  if (hosts_.empty()) return false;
  const ChaosTargets::Host& host = *OneOf(hosts_);
  entry.host = host.name;
  if (entry.verb == Verb::kDown || entry.verb == Verb::kUnplug) {
    if (host.interfaces.empty()) return false;
    entry.interface = OneOf(host.interfaces);
  }
  if (entry.verb == Verb::kStep) entry.step = Between(-absl::Seconds(60), absl::Seconds(60));
  // Ten times what a bad quartz does.
  if (entry.verb == Verb::kDrift)
    entry.drift_ppb = static_cast<int64_t>(Below(2'000'001)) - 1'000'000;
  return true;
}

std::optional<FaultPlan::Entry> Drawer::Draw() {
  FaultPlan::Entry entry;
  entry.verb = OneOf(options_.verbs);
  entry.begin = Between(options_.begin, options_.end - kStep);
  if (entry.verb != Verb::kStep && entry.verb != Verb::kDrift) {
    entry.end = std::min(entry.begin + Between(kStep, options_.longest), options_.end);
  }
  if (!DrawTarget(entry)) return std::nullopt;
  return entry;
}

}  // namespace

absl::Status Validate(const ChaosOptions& options) {
  const auto refuse = [](absl::string_view field, const auto& value, absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(field, " ", value, " ", why));
  };
  if (options.begin < absl::ZeroDuration() || options.begin + kStep > options.end ||
      options.end == absl::InfiniteDuration()) {
    return refuse("begin", absl::FormatDuration(options.begin),
                  absl::StrCat("and end ", absl::FormatDuration(options.end),
                               " are no span from 0 on, of a millisecond at least"));
  }
  if (options.faults < 0 || options.faults > kMaxFaults) {
    return refuse("faults", options.faults, absl::StrCat("is not from 0 to ", kMaxFaults));
  }
  if (options.longest < kStep || options.longest > absl::Hours(24)) {
    return refuse("longest", absl::FormatDuration(options.longest), "is not from 1ms to 24h");
  }
  if (options.verbs.empty()) return refuse("verbs", "", "has nothing to draw from");
  for (const Verb verb : options.verbs) {
    if (!IsDrawable(verb)) return refuse("verbs", ToString(verb), "cannot be drawn");
  }
  return absl::OkStatus();
}

FaultPlan DrawPlan(const ChaosOptions& options, const ChaosTargets& targets, Choices& choices,
                   uint64_t& draws) {
  FaultPlan plan;
  plan.name = "chaos";
  Drawer drawer(options, targets, choices, draws);
  for (int i = 0; i < options.faults; ++i) {
    const std::optional<FaultPlan::Entry> entry = drawer.Draw();
    if (!entry) continue;
    plan.entries.push_back(*entry);
    if (!plan.Validate().ok()) plan.entries.pop_back();
  }
  std::stable_sort(plan.entries.begin(), plan.entries.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  FaultPlan::Entry& last = plan.entries.emplace_back();
  last.begin = options.end;
  last.verb = Verb::kQuiesce;
  return plan;
}

}  // namespace pollux::sim
