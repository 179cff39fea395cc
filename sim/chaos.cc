// SPDX-License-Identifier: Apache-2.0

#include "sim/chaos.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

using Verb = FaultPlan::Verb;

constexpr int kMaxFaults = 100;
constexpr absl::Duration kStep = absl::Milliseconds(1);  // What times are drawn in.

bool IsOfSwitch(Verb verb) { return verb == Verb::kSwitchRestart || verb == Verb::kQuerierOff; }

bool IsDrawable(Verb verb) {
  const std::vector<Verb> all = ChaosOptions().verbs;
  return IsOfSwitch(verb) || std::find(all.begin(), all.end(), verb) != all.end();
}

// Whether it happens at once.
bool IsMoment(Verb verb) {
  return verb == Verb::kStep || verb == Verb::kDrift || verb == Verb::kSwitchRestart;
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

  // Nullopt where the network has nothing that it could happen to, and for what is none.
  std::optional<FaultPlan::Entry> Draw();

 private:
  bool Spares(const std::string& name) const {
    return std::any_of(
        options_.spared.begin(), options_.spared.end(),
        [&](const std::string& spared) { return absl::EqualsIgnoreCase(spared, name); });
  }
  // How much of something.
  int64_t Amount(uint64_t bound) {
    return static_cast<int64_t>(choices_.Below({DrawKind::kChaos, owner_, ++draws_}, bound));
  }
  // One of 2 * `most` + 1 amounts around zero: 0, 1, -1, 2, and so on.
  int64_t AmountAround(int64_t most) {
    const int64_t amount = Amount(static_cast<uint64_t>(2 * most + 1));
    return amount % 2 == 0 ? -amount / 2 : (amount + 1) / 2;
  }
  // From zero to `most`, in whole milliseconds.
  absl::Duration UpTo(absl::Duration most) {
    return kStep * Amount(static_cast<uint64_t>(most / kStep + 1));
  }
  uint64_t Choice(uint64_t bound) {
    return choices_.Below({DrawKind::kChaosChoice, owner_, ++draws_}, bound);
  }
  template <typename T>
  const T& OneOf(const std::vector<T>& all) {
    return all[Choice(all.size())];
  }
  bool DrawTarget(FaultPlan::Entry& entry);
  bool DrawSides(FaultPlan::Entry& entry);
  bool DrawLink(FaultPlan::Entry& entry);
  bool DrawSwitch(FaultPlan::Entry& entry);

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
  for (const ChaosTargets::Host* host : hosts_) entry.sides[Choice(2)].push_back(host->name);
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
  const size_t from = Choice(hosts.size());
  const size_t to = (from + 1 + Choice(hosts.size() - 1)) % hosts.size();
  entry.host = hosts[from];
  entry.to = hosts[to];
  switch (Choice(4)) {
    case 0:
      entry.change.loss = Ratio(1 + Amount(10), 10);
      break;
    case 1:
      entry.change.duplicate = Ratio(1 + Amount(10), 10);
      break;
    case 2:
      entry.change.corrupt = Ratio(1 + Amount(10), 10);
      break;
    default:
      entry.change.delay = kStep * (1 + Amount(500));
  }
  return true;
}

bool Drawer::DrawSwitch(FaultPlan::Entry& entry) {
  std::vector<std::string> switches;
  for (const ChaosTargets::Segment& segment : targets_.segments) {
    if (segment.has_switch) switches.push_back(segment.name);
  }
  if (switches.empty()) return false;
  entry.segment = OneOf(switches);
  // Nothing else of a restart can be less.
  return entry.verb != Verb::kSwitchRestart || Amount(4) > 0;
}

bool Drawer::DrawTarget(FaultPlan::Entry& entry) {
  if (IsOfSwitch(entry.verb)) return DrawSwitch(entry);
  if (entry.verb == Verb::kPartition) return DrawSides(entry);
  if (entry.verb == Verb::kLink) return DrawLink(entry);
  if (hosts_.empty()) return false;
  const ChaosTargets::Host& host = *OneOf(hosts_);
  entry.host = host.name;
  if (entry.verb == Verb::kDown || entry.verb == Verb::kUnplug) {
    if (host.interfaces.empty()) return false;
    entry.interface = OneOf(host.interfaces);
  }
  if (entry.verb == Verb::kStep) {
    entry.step = kStep * AmountAround(absl::Seconds(60) / kStep);
    return entry.step != absl::ZeroDuration();
  }
  if (entry.verb == Verb::kDrift) {
    entry.drift_ppb = AmountAround(1'000'000);  // Ten times what a bad quartz does.
    return entry.drift_ppb != 0;
  }
  return true;
}

std::optional<FaultPlan::Entry> Drawer::Draw() {
  FaultPlan::Entry entry;
  entry.verb = OneOf(options_.verbs);
  entry.begin = options_.begin + UpTo(options_.end - options_.begin - kStep);
  bool happens = true;
  if (!IsMoment(entry.verb)) {
    const absl::Duration length = UpTo(options_.longest);
    happens = length > absl::ZeroDuration();
    entry.end = std::min(entry.begin + length, options_.end);
  }
  // All is drawn, whatever is made of it: what comes later does not depend on that.
  happens = DrawTarget(entry) && happens;
  return happens ? std::make_optional(entry) : std::nullopt;
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
  if (options.end > FaultPlan::kTimeMax) {
    return refuse("end", absl::FormatDuration(options.end), "is in more than a century");
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
