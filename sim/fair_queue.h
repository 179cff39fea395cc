// SPDX-License-Identifier: Apache-2.0
//
// File: fair_queue.h
//
// `FairQueue` is the queue "fq" of a Linux host's interface (tc-fq(8), net/sched/sch_fq.c), which
// paces: a datagram leaves at its `SendOptions::transmit_time`, and those of a socket no faster
// than its kMaxPacingRate. Interfaces have it where a test asks for it:
//
//   lan.Attach(alice, {.fq = sim::FqOptions{}});
//
// Each flow - a connected socket, or what an unconnected one sends from and to the same ends -
// waits for itself alone. A flow leaves in the order of its transmit times; but one that waits, for
// the first of its datagrams or for its rate, is not looked at before: nothing overtakes the
// datagram that it waits for. From 68,750 bytes a second up, the gap of a rate is not behind each
// datagram but behind what a flow may send at once: ten packets of the MTU at first, two from then
// on.
//
// The line behind it takes at once whatever leaves, so that fq's other task, to divide a busy line
// among flows, does not arise: where the line has a rate, its own queue is behind this one.

#ifndef POLLUX_SIM_FAIR_QUEUE_H_
#define POLLUX_SIM_FAIR_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sim/choice/name.h"
#include "sim/fabric/station.h"
#include "sim/fabric/waiting_room.h"
#include "sim/fabric/world.h"
#include "sim/host_clock.h"
#include "sim/kernel/pacing.h"
#include "sim/kernel/packet.h"
#include "sim/trace/trace_event.h"
#include "udp/endpoint.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

// What tc(8) sets, with its defaults.
struct FqOptions {
  size_t packets = 10'000;    // "limit": how many may wait. More are dropped, as "queue full".
  size_t flow_packets = 100;  // "flow_limit": the same of one flow.
  // "horizon": how far ahead a transmit time may be. What is for later is dropped, or, where
  // `horizon_cap` says so, is for then.
  absl::Duration horizon = absl::Seconds(10);
  bool horizon_cap = false;
};

// Errors: kInvalidArgument, naming the field and its value.
absl::Status Validate(const FqOptions& options);

// Loop thread only.
class FairQueue final : private TimerQueue::Entry, private WaitingRoom {
 public:
  // Takes what leaves, whose origin is the host's own.
  using Depart = absl::AnyInvocable<void(const Packet& packet)>;

  // Of an interface that takes packets of `mtu` bytes. `clock`, the host's, and `station`, the
  // interface for the record, must outlive the queue. `options` must be valid.
  FairQueue(const World& world, const HostClock& clock, const Station& station, uint32_t mtu,
            const FqOptions& options, Depart depart);
  ~FairQueue() override;
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  // Takes a packet, which may leave at once. False where there is no room for it: it is dropped,
  // and that is on record.
  bool Enqueue(const Packet& packet, const PacedSend& send);
  // Drops all that waits, and forgets what flows there were.
  void Clear(DropCause cause);
  // The clock has changed its speed, or stands still.
  void ClockChanged() { Arm(); }

 private:
  struct Waiting {
    Packet packet;
    PacedSend send;
    absl::Time due;    // By the host's clock: not before.
    absl::Time since;  // By the network's.
    uint64_t id = 0;
  };
  // By the socket, or by the ends.
  struct FlowKey {
    SocketId connected = 0;
    Endpoint source = {};
    Endpoint destination = {};

    friend bool operator<(const FlowKey& a, const FlowKey& b) {
      return std::tie(a.connected, a.source, a.destination) <
             std::tie(b.connected, b.source, b.destination);
    }
  };
  // Times are by the host's clock.
  struct Flow {
    std::deque<Waiting> waiting;              // By `due`; of one time, as they came.
    int64_t credit = 0;                       // How many bytes it may send before its gap.
    absl::Time next = absl::InfinitePast();   // Not before; the past until it has had to wait.
    absl::Time empty = absl::InfinitePast();  // Since when, where nothing waits.
    bool throttled = false;                   // It waits for `next`.
    bool serving = false;
  };

  // WaitingRoom. What is released waits again, for its time and its rate, behind what is due now.
  void List(std::vector<WaitingPacket>& all) const override;
  void Hold(uint64_t id) override;
  void Release(uint64_t id) override;
  void Discard(uint64_t id) override;

  // The first flow may go on.
  void Fire() override;
  // Has `Fire` run when the first flow may go on: at the network's time, which the host's clock may
  // not keep.
  void Arm();
  Flow& FlowOf(const FlowKey& key);
  static FlowKey KeyOf(const Waiting& waiting);
  // Puts one among those of its flow that wait.
  void Join(Waiting&& waiting);
  // Sends what the flow may send by now.
  void Serve(Flow& flow);
  // Has the flow wait until its next time.
  void Throttle(Flow& flow);
  // What one that leaves at `now` means for the next one.
  void Charge(Flow& flow, const Waiting& leaving, absl::Time now) const;
  void Leave(const Waiting& leaving);
  // Takes one out of those that wait, or are held; nullopt for neither.
  std::optional<Waiting> TakeOut(uint64_t id);
  // It does not take of its socket's send buffer any more.
  void GiveBack(const Waiting& gone);
  void Record(EventKind kind, const Waiting& about, DropCause cause);
  absl::Time Now() const { return clock_.Monotonic(world_.timeline.now()); }

  const World world_;
  const HostClock& clock_;
  const Station& station_;
  const std::string way_;  // "alice/eth0"
  const FqOptions options_;
  const int64_t quantum_;
  Depart depart_;
  std::map<FlowKey, Flow> flows_;
  // Those that wait, by when they go on; of one time, as they began to.
  std::map<std::pair<absl::Time, uint64_t>, Flow*> throttled_;
  uint64_t throttles_ = 0;
  size_t size_ = 0;  // How many wait, without those that are held.
  std::vector<Waiting> held_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FAIR_QUEUE_H_
