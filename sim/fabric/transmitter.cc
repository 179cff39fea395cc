// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/transmitter.h"

#include <utility>

namespace pollux::sim {
namespace {

constexpr uint8_t kEcnBits = 3;  // Of a traffic class, and congestion experienced: both set.

bool SpeaksEcn(const Packet& packet) { return (packet.traffic_class & kEcnBits) != 0; }

}  // namespace

void Transmitter::Use(const LinkProfile& profile) {
  if (profile.rate != profile_->rate) remainder_ = 0;
  profile_ = &profile;
}

void Transmitter::Enqueue(const Packet& packet, const Name& origin, Departure& to) {
  const uint64_t bytes = packet.wire_size() + profile_->overhead;
  Waiting added{packet, origin, &to, world_.timeline.now(), bytes};
  if (sending_ && !HasRoomFor(bytes)) {
    Record(EventKind::kDropped, added, DropCause::kQueueFull);
    return;
  }
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(added));
  if (!sending_) {
    remainder_ = 0;
    SendNext();
  }
}

bool Transmitter::HasRoomFor(uint64_t bytes) const {
  const QueueOptions& queue = profile_->queue;
  if (queue.bytes == 0 && queue.packets == 0) return waiting_.size() < kDefaultQueuePackets;
  return (queue.bytes == 0 || waiting_bytes_ + bytes <= queue.bytes) &&
         (queue.packets == 0 || waiting_.size() < queue.packets);
}

void Transmitter::SendNext() {
  sending_ = Pop(on_line_);
  if (sending_) world_.timeline.Add(*this, world_.timeline.now() + TimeOf(on_line_.bytes));
}

void Transmitter::Fire() {
  // The next packet starts first: what becomes of this one may send another.
  const Waiting sent = std::move(on_line_);
  SendNext();
  sent.to->Depart(sent.packet, sent.origin);
}

bool Transmitter::Pop(Waiting& next) {
  const absl::Time now = world_.timeline.now();
  while (!waiting_.empty()) {
    next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.bytes;
    if (!profile_->queue.codel.has_value()) return true;
    const CoDel& codel = *profile_->queue.codel;
    const bool standing = waiting_bytes_ > profile_->mtu;
    const bool markable = codel.ecn && SpeaksEcn(next.packet);
    switch (codel_.Next(codel, now - next.since, standing, markable, now)) {
      case CoDelState::Verdict::kSend:
        return true;
      case CoDelState::Verdict::kMark:
        next.packet.traffic_class |= kEcnBits;
        Record(EventKind::kMarked, next, DropCause::kNoSocket);
        return true;
      case CoDelState::Verdict::kDrop:
        Record(EventKind::kDropped, next, DropCause::kQueueDelay);
        break;
    }
  }
  codel_.Empty();
  return false;
}

absl::Duration Transmitter::TimeOf(uint64_t bytes) {
  if (profile_->rate == 0) return absl::ZeroDuration();
  // Below 2^64: a packet has less than 2^20 bits, and a second 2^30 nanoseconds.
  const uint64_t parts = bytes * 8 * 1'000'000'000 + remainder_;
  remainder_ = parts % profile_->rate;
  return absl::Nanoseconds(parts / profile_->rate);
}

void Transmitter::Record(EventKind kind, const Waiting& about, DropCause cause) {
  TraceEvent event;
  event.kind = kind;
  event.time = world_.timeline.elapsed();
  event.host = station_.host_name();
  event.interface = station_.interface_name();
  event.origin = about.origin;
  event.packet = &about.packet;
  event.cause = cause;
  event.delay = world_.timeline.now() - about.since;
  world_.trace.Record(event);
}

}  // namespace pollux::sim
