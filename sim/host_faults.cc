// SPDX-License-Identifier: Apache-2.0
//
// What happens to a host as a whole: crashes, pauses, interfaces that change, clocks.

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/host.h"
#include "sim/host_parts.h"
#include "udp/internal/check.h"

namespace pollux::sim {

void Host::RecordFault(absl::string_view note, absl::string_view interface) {
  world_.trace.RecordFault(world_.timeline.elapsed(), name(), interface, note);
}

FaultGuard Host::Hold(FaultSwitch& fault, std::function<void()> apply) {
  ++fault.guards;
  apply();
  return era_.Guard([&fault, apply = std::move(apply)] {
    --fault.guards;
    apply();
  });
}

void Host::Quiesce() {
  era_.End();
  down_ = pause_ = freeze_ = FaultSwitch();
  ApplyDown();
  ApplyPause();
  ApplyFreeze();
  for (const auto& interface : interfaces_) {
    interface->off = interface->unplugged = FaultSwitch();
    ApplyOff(*interface, AfterUp::kReconfigure);
    ApplyCarrier(*interface);
  }
  SetClockDrift(options_.clock.drift_ppb);
}

// ---- Crashes ----

void Host::StartEngine() {
  const HostEngine::Options options = {
      .user = options_.user, .ipv6 = options_.ipv6, .resolve_delay = resolve_delay_};
  engines_.push_back(
      std::make_unique<HostEngine>(world_.timeline, clock_, stack_, options,
                                   [this](absl::string_view name) { return names_(name); }));
  engine_ = engines_.back().get();
}

void Host::OnBoot(Boot boot) {
  boot_ = std::move(boot);
  if (!is_down()) StartProgram();
}

void Host::StartProgram() {
  if (!boot_) return;
  engine_->loop().Post([this, engine = engine_] {
    std::shared_ptr<void> program = boot_(*engine);
    // A program may crash its own host before it has begun.
    if (engine->dead()) return;
    program_ = std::move(program);
  });
}

void Host::Crash() {
  down_.by_call = true;
  ApplyDown();
}

void Host::Restart() {
  if (!is_down()) Crash();
  down_.by_call = false;
  ApplyDown();
}

FaultGuard Host::HoldDown() {
  return Hold(down_, [this] { ApplyDown(); });
}

void Host::ApplyDown() {
  if (down_.on() == is_down()) return;
  if (down_.on()) {
    RecordFault("crashed");
    engine_->Kill();
    TellAwake();
    EndBoot();
  } else {
    RecordFault("restarted");
    StartEngine();
    TellAwake();
    if (paused_ || frozen_) engine_->host_loop().Pause();
    StartProgram();
  }
}

void Host::TellAwake() {
  for (const auto& interface : interfaces_) {
    if (interface->domain == nullptr) continue;
    interface->domain->SetAwake(interface->number, !is_down() && !frozen_);
  }
}

void Host::EndBoot() {
  stack_.Reset();
  StopTimers();
  Forget();
  lost_packet_ = stack_.last_packet();
  engine_->host_loop().Bury(std::move(program_));
  program_ = nullptr;
  // Nobody is left to go on; only guards hold what is yet to come.
  pause_.by_call = freeze_.by_call = false;
  paused_ = pause_.on();
  frozen_ = freeze_.on();
  if (!frozen_) clock_.Go(world_.timeline.now());
  for (const auto& interface : interfaces_) {
    if (interface->queue != nullptr) interface->queue->Clear(DropCause::kHostDown);
  }
}

bool Host::DropCallbacks() {
  bool any = false;
  for (const std::unique_ptr<HostEngine>& engine : engines_) any = engine->DropCallbacks() || any;
  return any;
}

// ---- Pauses ----

void Host::Pause() {
  if (is_down()) return RecordFault("not paused: it is down");
  pause_.by_call = true;
  ApplyPause();
}

void Host::Resume() {
  pause_.by_call = false;
  ApplyPause();
}

FaultGuard Host::HoldPaused() {
  return Hold(pause_, [this] { ApplyPause(); });
}

void Host::ApplyPause() {
  if (pause_.on() == paused_) return;
  paused_ = pause_.on();
  RecordFault(paused_ ? "paused" : "resumed");
  StopOrRun();
}

void Host::Freeze() {
  if (is_down()) return RecordFault("not frozen: it is down");
  freeze_.by_call = true;
  ApplyFreeze();
}

void Host::Thaw() {
  freeze_.by_call = false;
  ApplyFreeze();
}

FaultGuard Host::HoldFrozen() {
  return Hold(freeze_, [this] { ApplyFreeze(); });
}

void Host::ApplyFreeze() {
  if (freeze_.on() == frozen_) return;
  frozen_ = freeze_.on();
  RecordFault(frozen_ ? "frozen" : "thawed");
  if (frozen_) {
    clock_.Stop(world_.timeline.now());
  } else {
    clock_.Go(world_.timeline.now());
  }
  TellQueues();
  TellAwake();
  StopOrRun();
}

void Host::StopOrRun() {
  if (paused_ || frozen_) {
    engine_->host_loop().Pause();
  } else {
    engine_->host_loop().Resume();
  }
}

// ---- Clocks ----

void Host::StepClock(absl::Duration by) {
  POLLUX_CHECK(
      absl::AbsDuration(by) != absl::InfiniteDuration(),
      absl::StrCat("host ", name(), ": a clock cannot be set by ", absl::FormatDuration(by)));
  const absl::Time then = clock_.Wall(world_.timeline.now()) + by;
  POLLUX_CHECK(then > absl::InfinitePast() && then < absl::InfiniteFuture(),
               absl::StrCat("host ", name(), ": a clock that is set by ", absl::FormatDuration(by),
                            " shows no time of day any more"));
  RecordFault(absl::StrCat("clock set ", by < absl::ZeroDuration() ? "back" : "on", " by ",
                           absl::FormatDuration(absl::AbsDuration(by))));
  clock_.StepWall(by);
}

void Host::TellQueues() {
  for (const auto& interface : interfaces_) {
    if (interface->queue != nullptr) interface->queue->ClockChanged();
  }
}

void Host::SetClockDrift(int64_t ppb) {
  const absl::Status status = Validate(ClockOptions{.drift_ppb = ppb});
  POLLUX_CHECK(status.ok(), absl::StrCat("host ", name(), ": ", status.message()));
  if (ppb == clock_.drift_ppb()) return;
  RecordFault(absl::StrCat("clock drifts by ", ppb, " ppb"));
  clock_.SetDrift(world_.timeline.now(), ppb);
  engine_->host_loop().ClockChanged();
  TellQueues();
}

// ---- Interfaces that change ----

absl::Status Host::ValidateInterface(absl::string_view name) const {
  std::string all;
  for (const auto& interface : interfaces_) {
    if (interface->domain == nullptr) continue;
    if (interface->interface_name() == name) return absl::OkStatus();
    absl::StrAppend(&all, all.empty() ? "" : ", ", interface->interface_name());
  }
  return absl::NotFoundError(absl::StrCat("host ", this->name(), " has no interface \"", name,
                                          "\" on a segment; it has ", all.empty() ? "none" : all));
}

Host::Interface& Host::FindInterface(absl::string_view name) {
  const absl::Status status = ValidateInterface(name);
  POLLUX_CHECK(status.ok(), status.message());
  return **std::find_if(interfaces_.begin(), interfaces_.end(),
                        [&](const auto& entry) { return entry->interface_name() == name; });
}

void Host::TakeDown(absl::string_view interface) {
  Interface& found = FindInterface(interface);
  found.off.by_call = true;
  ApplyOff(found, AfterUp::kReconfigure);
}

void Host::BringUp(absl::string_view interface, AfterUp after) {
  Interface& found = FindInterface(interface);
  found.off.by_call = false;
  ApplyOff(found, after);
}

FaultGuard Host::HoldInterfaceDown(absl::string_view interface) {
  Interface& found = FindInterface(interface);
  return Hold(found.off, [this, &found] { ApplyOff(found, AfterUp::kReconfigure); });
}

void Host::ApplyOff(Interface& interface, AfterUp after) {
  const bool off = interface.off.on();
  if (interface.is_off == off) return;
  interface.is_off = off;
  RecordFault(off ? "interface down" : "interface up", interface.interface_name());
  stack_.SetUp(interface.index(), !off);
  if (off && interface.queue != nullptr) interface.queue->Clear(DropCause::kInterfaceDown);
  if (!off && after == AfterUp::kReconfigure) stack_.Reconfigure(interface.index());
  interface.domain->SetLink(interface.number, interface.has_link(), true);
}

void Host::Unplug(absl::string_view interface) {
  Interface& found = FindInterface(interface);
  found.unplugged.by_call = true;
  ApplyCarrier(found);
}

void Host::PlugIn(absl::string_view interface) {
  Interface& found = FindInterface(interface);
  found.unplugged.by_call = false;
  ApplyCarrier(found);
}

FaultGuard Host::HoldUnplugged(absl::string_view interface) {
  Interface& found = FindInterface(interface);
  return Hold(found.unplugged, [this, &found] { ApplyCarrier(found); });
}

void Host::ApplyCarrier(Interface& interface) {
  const bool unplugged = interface.unplugged.on();
  if (interface.is_unplugged == unplugged) return;
  interface.is_unplugged = unplugged;
  RecordFault(unplugged ? "cable pulled" : "cable put in", interface.interface_name());
  stack_.SetCarrier(interface.index(), !unplugged);
  if (unplugged && interface.queue != nullptr) interface.queue->Clear(DropCause::kNoCarrier);
  // That a cable is put in again is no reason for a kernel to report its groups again.
  interface.domain->SetLink(interface.number, interface.has_link(), false);
}

}  // namespace pollux::sim
