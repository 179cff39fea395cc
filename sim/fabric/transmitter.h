// SPDX-License-Identifier: Apache-2.0
//
// File: transmitter.h
//
// `Transmitter` is where packets wait for a line: they leave it one after the other, each as long
// after the one before as the line takes to send its bits, and those for which there is no room are
// dropped. Hosts have one for each interface, shared by all that leaves by it.
//
// In Linux's terms it is the root qdisc of an interface: a "tbf" of that rate whose bucket holds
// one packet, or netem's "rate", with a "bfifo", "pfifo" or "codel" before it. What a packet counts
// is its IP packet and `LinkProfile::overhead`.

#ifndef POLLUX_SIM_FABRIC_TRANSMITTER_H_
#define POLLUX_SIM_FABRIC_TRANSMITTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "sim/choice/name.h"
#include "sim/fabric/codel.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/station.h"
#include "sim/fabric/waiting_room.h"
#include "sim/fabric/world.h"
#include "sim/kernel/packet.h"
#include "sim/kernel/ring_queue.h"
#include "sim/trace/trace_event.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

// Where packets go on when they have left a transmitter. Loop thread only.
class Departure {
 public:
  virtual ~Departure() = default;
  // `origin` is the name of the host that the packet came from at first.
  virtual void Depart(const Packet& packet, const Name& origin) = 0;
  // For lists: the link, or the segment, and the receiver, null for many.
  virtual Name way() const = 0;
  virtual const Station* single_receiver() const = 0;
};

// What waits for a line. The packet that the line is sending does not wait any more.
struct QueueLength {
  size_t packets = 0;
  uint64_t bytes = 0;
};

// Loop thread only. The station, the profile in force, and the departures must outlive it.
class Transmitter final : private TimerQueue::Entry, private WaitingRoom {
 public:
  // `station` is the interface, for the record.
  Transmitter(const World& world, const Station& station, const LinkProfile& profile)
      : world_(world), station_(station), profile_(&profile) {
    world_.courier.Enter(*this);
  }
  ~Transmitter() override { world_.courier.Leave(*this); }
  Transmitter(const Transmitter&) = delete;
  Transmitter& operator=(const Transmitter&) = delete;

  // Whose rate and queue are in force from now on. What waits stays; the packet that the line is
  // sending is sent at the old rate. It tells the length of the wait alone: without a rate, what
  // still waits leaves at once.
  void Use(const LinkProfile& profile);
  // Whether a packet has to come here: the line has a rate, or others wait still.
  bool in_use() const { return profile_->rate > 0 || sending_; }
  // Takes a packet, or drops it where there is no room. When it has left, `to` gets it.
  void Enqueue(const Packet& packet, const Name& origin, Departure& to);

  QueueLength length() const { return {waiting_.size(), waiting_bytes_}; }

 private:
  struct Waiting {
    Packet packet;
    Name origin;
    Departure* to = nullptr;
    absl::Time since;
    uint64_t bytes = 0;
    uint64_t id = 0;
    bool held = false;
    bool sent = false;  // Of one that is held: it was on the line by then.
  };

  // WaitingRoom: what waits, and what the line is sending.
  void List(std::vector<WaitingPacket>& all) const override;
  void Hold(uint64_t id) override;
  void Release(uint64_t id) override;
  void Discard(uint64_t id) override;

  // The line has sent a packet.
  void Fire() override;
  // Puts one behind those that wait.
  void Join(Waiting&& waiting);
  // Takes one out of the middle of those that wait, or those that are held; nullopt for neither.
  std::optional<Waiting> TakeOut(uint64_t id);
  bool IsOnLine(uint64_t id) const { return sending_ && on_line_.id == id; }
  // Begins to send the next packet, if there is one.
  void SendNext();
  // Takes the next packet out of the queue, without those that CoDel drops.
  bool Pop(Waiting& next);
  bool HasRoomFor(uint64_t bytes) const;
  // How long the line takes for so many bytes.
  absl::Duration TimeOf(uint64_t bytes);
  void Record(EventKind kind, const Waiting& about, DropCause cause);

  const World world_;
  const Station& station_;
  const LinkProfile* profile_;
  RingQueue<Waiting> waiting_;
  uint64_t waiting_bytes_ = 0;
  Waiting on_line_;
  bool sending_ = false;
  std::vector<Waiting> held_;  // By the tester's hand.
  // What is left over of a nanosecond, in parts of `rate`: so that no time is lost between packets.
  uint64_t remainder_ = 0;
  CoDelState codel_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_TRANSMITTER_H_
