// SPDX-License-Identifier: Apache-2.0

#include "sim/plan_runner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/network.h"

namespace pollux::sim {
namespace {

using Verb = FaultPlan::Verb;

absl::Status CheckHost(const Network& network, const std::string& name) {
  return network.ExpectHost(name).status();
}

absl::Status CheckLink(const Network& network, const FaultPlan::Entry& entry) {
  const Segment* segment = network.FindSegment(entry.segment);
  if (segment == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no segment \"", entry.segment, "\""));
  }
  for (const std::string& name : {entry.host, entry.to}) {
    if (name == "*") continue;
    if (absl::Status s = CheckHost(network, name); !s.ok()) return s;
    if (segment->IsAttached(*network.FindHost(name))) continue;
    return absl::NotFoundError(
        absl::StrCat("host ", name, " is not attached to segment ", entry.segment));
  }
  return absl::OkStatus();
}

absl::Status CheckSwitch(const Network& network, const std::string& name) {
  const Segment* segment = network.FindSegment(name);
  if (segment == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no segment \"", name, "\""));
  }
  if (segment->has_switch()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(
      "segment ", name, " has no switch that reads IGMP; SegmentOptions::snooping adds one"));
}

absl::Status CheckEntry(const Network& network, const FaultPlan::Entry& entry) {
  if (entry.begin < network.elapsed()) {
    return absl::InvalidArgumentError(
        absl::StrCat("its time has passed: it is ", absl::FormatDuration(network.elapsed())));
  }
  switch (entry.verb) {
    case Verb::kQuiesce:
      return absl::OkStatus();
    case Verb::kLink:
      return CheckLink(network, entry);
    case Verb::kSwitchRestart:
    case Verb::kQuerierOff:
    case Verb::kQuerierOn:
      return CheckSwitch(network, entry.segment);
    case Verb::kPartition:
      for (const std::vector<std::string>& side : entry.sides) {
        for (const std::string& name : side) {
          if (absl::Status s = CheckHost(network, name); !s.ok()) return s;
        }
      }
      return absl::OkStatus();
    default:
      break;
  }
  if (absl::Status s = CheckHost(network, entry.host); !s.ok()) return s;
  if (entry.interface.empty()) return absl::OkStatus();
  return network.FindHost(entry.host)->ValidateInterface(entry.interface);
}

}  // namespace

absl::Status PlanRunner::Check(const Network& network, const FaultPlan& plan) {
  if (absl::Status s = plan.Validate(); !s.ok()) return s;
  for (const FaultPlan::Entry& entry : plan.entries) {
    const absl::Status status = CheckEntry(network, entry);
    if (status.ok()) continue;
    return absl::Status(status.code(), absl::StrCat(plan.Where(entry), ": \"", entry.ToString(),
                                                    "\": ", status.message()));
  }
  return absl::OkStatus();
}

PlanRunner::PlanRunner(Network& network, Timeline& timeline, FaultPlan plan)
    : network_(network), plan_(std::move(plan)), guards_(plan_.entries.size()) {
  // In the order of the lines, which is that of what happens at one time.
  for (size_t i = 0; i < plan_.entries.size(); ++i) {
    const FaultPlan::Entry& entry = plan_.entries[i];
    moments_.push_back(std::make_unique<Moment>(*this, i, /*end=*/false));
    timeline.Add(*moments_.back(), absl::UnixEpoch() + entry.begin);
    if (!entry.end) continue;
    moments_.push_back(std::make_unique<Moment>(*this, i, /*end=*/true));
    timeline.Add(*moments_.back(), absl::UnixEpoch() + *entry.end);
  }
}

void PlanRunner::Cancel() {
  moments_.clear();
  for (std::vector<FaultGuard>& guards : guards_) guards.clear();
}

void PlanRunner::Moment::Fire() {
  const FaultPlan::Entry& entry = runner_.plan_.entries[entry_];
  if (end_) {
    runner_.guards_[entry_].clear();
  } else if (entry.end) {
    runner_.Begin(entry, runner_.guards_[entry_]);
  } else {
    runner_.Do(entry);
  }
}

void PlanRunner::Begin(const FaultPlan::Entry& entry, std::vector<FaultGuard>& guards) {
  if (entry.verb == Verb::kPartition) return guards.push_back(network_.Partition(entry.sides));
  if (entry.verb == Verb::kLink) {
    const auto find = [&](const std::string& name) {
      return name == "*" ? nullptr : network_.FindHost(name);
    };
    Segment& segment = *network_.FindSegment(entry.segment);
    return guards.push_back(segment.Fault(find(entry.host), find(entry.to), entry.change));
  }
  if (entry.verb == Verb::kQuerierOff) {
    return guards.push_back(network_.FindSegment(entry.segment)->HoldQuerierOff());
  }
  Host& host = *network_.FindHost(entry.host);
  switch (entry.verb) {
    case Verb::kCrash:
      return guards.push_back(host.HoldDown());
    case Verb::kPause:
      return guards.push_back(host.HoldPaused());
    case Verb::kFreeze:
      return guards.push_back(host.HoldFrozen());
    case Verb::kDown:
      return guards.push_back(host.HoldInterfaceDown(entry.interface));
    case Verb::kUnplug:
      return guards.push_back(host.HoldUnplugged(entry.interface));
    default:
      return;
  }
}

void PlanRunner::Do(FaultPlan::Verb verb, Segment& segment) {
  if (verb == Verb::kSwitchRestart) {
    segment.RestartSwitch();
  } else {
    segment.SetQuerier(verb == Verb::kQuerierOn);
  }
}

void PlanRunner::Do(const FaultPlan::Entry& entry) {
  if (entry.verb == Verb::kQuiesce) return network_.Quiesce();
  if (Segment* segment = network_.FindSegment(entry.segment)) return Do(entry.verb, *segment);
  Host& host = *network_.FindHost(entry.host);
  switch (entry.verb) {
    case Verb::kCrash:
      return host.Crash();
    case Verb::kRestart:
      return host.Restart();
    case Verb::kPause:
      return host.Pause();
    case Verb::kResume:
      return host.Resume();
    case Verb::kFreeze:
      return host.Freeze();
    case Verb::kThaw:
      return host.Thaw();
    case Verb::kDown:
      return host.TakeDown(entry.interface);
    case Verb::kUp:
      return host.BringUp(entry.interface);
    case Verb::kUnplug:
      return host.Unplug(entry.interface);
    case Verb::kPlug:
      return host.PlugIn(entry.interface);
    case Verb::kStep:
      return host.StepClock(entry.step);
    case Verb::kDrift:
      return host.SetClockDrift(entry.drift_ppb);
    default:
      return;
  }
}

}  // namespace pollux::sim
