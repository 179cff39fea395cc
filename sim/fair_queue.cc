// SPDX-License-Identifier: Apache-2.0
//
// The numbers are those of fq_init and fq_dequeue in net/sched/sch_fq.c.

#include "sim/fair_queue.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace pollux::sim {
namespace {

constexpr int64_t kLinkHeader = 14;         // What an Ethernet adds to each packet counts, too.
constexpr uint64_t kLowRate = 550'000 / 8;  // Up to here each datagram has its gap.
constexpr int64_t kFirstQuanta = 5;         // What a new flow may send at once.
constexpr absl::Duration kRefill = absl::Milliseconds(40);
constexpr uint64_t kSecond = 1'000'000'000;
// Flows that have long sent nothing are forgotten, once there are many.
constexpr size_t kFlowsMax = 2048;
constexpr absl::Duration kFlowAge = absl::Seconds(3);

int64_t BytesOf(const Packet& packet) {
  return static_cast<int64_t>(packet.wire_size()) + kLinkHeader;
}

}  // namespace

absl::Status Validate(const FqOptions& options) {
  if (options.packets == 0 || options.flow_packets == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("fq.", options.packets == 0 ? "packets" : "flow_packets",
                     " 0 leaves room for nothing; at least 1"));
  }
  if (options.horizon <= absl::ZeroDuration() || options.horizon == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("fq.horizon ", absl::FormatDuration(options.horizon),
                     " is no time that can be ahead; Linux has 10 s"));
  }
  return absl::OkStatus();
}

FairQueue::FairQueue(const World& world, const HostClock& clock, const Station& station,
                     uint32_t mtu, const FqOptions& options, Depart depart)
    : world_(world),
      clock_(clock),
      station_(station),
      way_(absl::StrCat(station.host_name(), "/", station.interface_name())),
      options_(options),
      quantum_(2 * (int64_t{mtu} + kLinkHeader)),
      depart_(std::move(depart)) {
  world_.courier.Enter(*this);
}

FairQueue::~FairQueue() { world_.courier.Leave(*this); }

// ---- In ----

bool FairQueue::Enqueue(const Packet& packet, const PacedSend& send) {
  const absl::Time now = Now();
  Waiting added{packet, send, send.transmit_time.value_or(now), world_.timeline.now(),
                world_.courier.NewNumber()};
  const auto refuse = [&](DropCause cause) {
    Record(EventKind::kDropped, added, cause);
    return false;
  };
  if (size_ >= options_.packets) return refuse(DropCause::kQueueFull);
  if (added.due > now + options_.horizon) {
    if (!options_.horizon_cap) return refuse(DropCause::kBeyondHorizon);
    added.due = now + options_.horizon;
  }
  if (FlowOf(KeyOf(added)).waiting.size() >= options_.flow_packets) {
    return refuse(DropCause::kQueueFull);
  }
  send.account->charged += send.charge;
  Join(std::move(added));
  return true;
}

FairQueue::FlowKey FairQueue::KeyOf(const Waiting& waiting) {
  if (waiting.send.connected != 0) return {.connected = waiting.send.connected};
  return {.source = waiting.packet.source, .destination = waiting.packet.destination};
}

FairQueue::Flow& FairQueue::FlowOf(const FlowKey& key) {
  const auto found = flows_.find(key);
  if (found != flows_.end()) return found->second;
  if (flows_.size() >= kFlowsMax) {
    const absl::Time old = Now() - kFlowAge;
    std::erase_if(flows_, [&](const auto& entry) {
      const Flow& flow = entry.second;
      return flow.waiting.empty() && !flow.throttled && !flow.serving && flow.empty < old;
    });
  }
  Flow& flow = flows_[key];
  flow.credit = kFirstQuanta * quantum_;
  flow.empty = Now();
  return flow;
}

void FairQueue::Join(Waiting&& waiting) {
  Flow& flow = FlowOf(KeyOf(waiting));
  const bool idle = flow.waiting.empty() && !flow.throttled && !flow.serving;
  if (idle && Now() - flow.empty > kRefill) flow.credit = std::max(flow.credit, quantum_);
  const auto place =
      std::upper_bound(flow.waiting.begin(), flow.waiting.end(), waiting.due,
                       [](absl::Time due, const Waiting& other) { return due < other.due; });
  flow.waiting.insert(place, std::move(waiting));
  ++size_;
  // One that waits is not looked at before its time, and one that is being served is.
  if (!flow.throttled && !flow.serving) Serve(flow);
}

// ---- Out ----

void FairQueue::Serve(Flow& flow) {
  const absl::Time now = Now();
  flow.serving = true;
  while (true) {
    if (flow.credit <= 0) flow.credit += quantum_;
    if (flow.waiting.empty()) break;
    const absl::Time due = std::max(flow.waiting.front().due, flow.next);
    if (due > now) {
      flow.next = due;
      Throttle(flow);
      break;
    }
    const Waiting leaving = std::move(flow.waiting.front());
    flow.waiting.pop_front();
    --size_;
    Charge(flow, leaving, now);
    Leave(leaving);
  }
  flow.serving = false;
  flow.empty = now;
}

void FairQueue::Throttle(Flow& flow) {
  flow.throttled = true;
  throttled_.emplace(std::pair(flow.next, ++throttles_), &flow);
  Arm();
}

// A datagram with a time of its own has no rate.
void FairQueue::Charge(Flow& flow, const Waiting& leaving, absl::Time now) const {
  int64_t bytes = BytesOf(leaving.packet);
  flow.credit -= bytes;
  if (leaving.send.transmit_time.has_value()) return;
  const uint64_t rate = leaving.send.account->rate;
  if (rate == SendAccount::kNoRate) return;
  if (rate <= kLowRate) {
    flow.credit = 0;
  } else {
    bytes = std::max(bytes, quantum_);
    if (flow.credit > 0) return;
  }
  uint64_t gap = static_cast<uint64_t>(bytes) * kSecond;
  if (rate != 0) gap /= rate;
  absl::Duration wait = absl::Nanoseconds(std::min(gap, kSecond));
  // A flow that comes late makes up for it, by half a gap at most. It need not have waited for
  // that: who has sent nothing for a while has its next gap halved.
  if (flow.next != absl::InfinitePast()) wait -= std::min(wait / 2, now - flow.next);
  flow.next = now + wait;
}

void FairQueue::Leave(const Waiting& leaving) {
  GiveBack(leaving);
  if (leaving.since < world_.timeline.now()) {
    Record(EventKind::kPaced, leaving, DropCause::kNoSocket);
  }
  depart_(leaving.packet);
}

void FairQueue::Fire() {
  const absl::Time now = Now();
  std::vector<Flow*> flows;
  while (!throttled_.empty() && throttled_.begin()->first.first <= now) {
    flows.push_back(throttled_.begin()->second);
    throttled_.erase(throttled_.begin());
    // Until its turn comes, it is not to be served by what is sent meanwhile.
    flows.back()->throttled = false;
    flows.back()->serving = true;
  }
  for (Flow* flow : flows) Serve(*flow);
  Arm();
}

void FairQueue::Arm() {
  const absl::Time next = throttled_.empty() ? absl::InfiniteFuture()
                                             : clock_.NetworkTime(throttled_.begin()->first.first);
  if (next == absl::InfiniteFuture()) {
    world_.timeline.Remove(*this);
  } else {
    world_.timeline.Add(*this, std::max(next, world_.timeline.now()));
  }
}

void FairQueue::Clear(DropCause cause) {
  std::vector<Waiting> gone = std::move(held_);
  held_.clear();
  for (auto& [key, flow] : flows_) {
    std::move(flow.waiting.begin(), flow.waiting.end(), std::back_inserter(gone));
    flow.waiting.clear();
  }
  throttled_.clear();
  std::erase_if(flows_, [](const auto& entry) { return !entry.second.serving; });
  size_ = 0;
  Arm();
  std::sort(gone.begin(), gone.end(),
            [](const Waiting& a, const Waiting& b) { return a.id < b.id; });
  for (const Waiting& waiting : gone) {
    GiveBack(waiting);
    Record(EventKind::kDropped, waiting, cause);
  }
}

void FairQueue::GiveBack(const Waiting& gone) { gone.send.account->charged -= gone.send.charge; }

// ---- The tester's hand ----

void FairQueue::List(std::vector<WaitingPacket>& all) const {
  const auto add = [&](const Waiting& one, bool held) {
    all.push_back({one.id, &one.packet, station_.host_name(), Name(way_), nullptr, held});
  };
  for (const auto& [key, flow] : flows_) {
    for (const Waiting& one : flow.waiting) add(one, false);
  }
  for (const Waiting& one : held_) add(one, true);
}

std::optional<FairQueue::Waiting> FairQueue::TakeOut(uint64_t id) {
  const auto is_it = [id](const Waiting& waiting) { return waiting.id == id; };
  std::optional<Waiting> taken;
  for (auto& [key, flow] : flows_) {
    const auto found = std::find_if(flow.waiting.begin(), flow.waiting.end(), is_it);
    if (found == flow.waiting.end()) continue;
    taken = std::move(*found);
    flow.waiting.erase(found);
    --size_;
    return taken;
  }
  const auto held = std::find_if(held_.begin(), held_.end(), is_it);
  if (held == held_.end()) return std::nullopt;
  taken = std::move(*held);
  held_.erase(held);
  return taken;
}

void FairQueue::Hold(uint64_t id) {
  if (std::optional<Waiting> waiting = TakeOut(id)) held_.push_back(*std::move(waiting));
}

void FairQueue::Release(uint64_t id) {
  std::optional<Waiting> waiting = TakeOut(id);
  if (!waiting) return;
  waiting->due = std::max(waiting->due, Now());
  Join(*std::move(waiting));
}

void FairQueue::Discard(uint64_t id) {
  if (const std::optional<Waiting> waiting = TakeOut(id)) GiveBack(*waiting);
}

// ---- The record ----

void FairQueue::Record(EventKind kind, const Waiting& about, DropCause cause) {
  TraceEvent event;
  event.kind = kind;
  event.time = world_.timeline.elapsed();
  event.host = station_.host_name();
  event.interface = station_.interface_name();
  event.origin = station_.host_name();
  event.packet = &about.packet;
  event.cause = cause;
  event.delay = world_.timeline.now() - about.since;
  world_.trace.Record(event);
}

}  // namespace pollux::sim
