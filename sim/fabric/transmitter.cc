// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/transmitter.h"

#include <algorithm>
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
  Waiting added{packet, origin, &to, world_.timeline.now(), bytes, world_.courier.NewNumber()};
  if (sending_ && !HasRoomFor(bytes)) {
    Record(EventKind::kDropped, added, DropCause::kQueueFull);
    return;
  }
  Join(std::move(added));
}

void Transmitter::Join(Waiting&& waiting) {
  waiting_bytes_ += waiting.bytes;
  waiting_.push_back(std::move(waiting));
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
  Waiting sent = std::move(on_line_);
  SendNext();
  if (sent.held) {
    sent.sent = true;
    held_.push_back(std::move(sent));
  } else if (sent.to != nullptr) {
    sent.to->Depart(sent.packet, sent.origin);
  }
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

// ---- The tester's hand ----

void Transmitter::List(std::vector<WaitingPacket>& all) const {
  const auto add = [&](const Waiting& one) {
    if (one.to == nullptr) return;  // It was thrown away while the line sent it.
    all.push_back(
        {one.id, &one.packet, one.origin, one.to->way(), one.to->single_receiver(), one.held});
  };
  if (sending_) add(on_line_);
  for (size_t place = 0; place < waiting_.size(); ++place) add(waiting_[place]);
  for (const Waiting& one : held_) add(one);
}

std::optional<Transmitter::Waiting> Transmitter::TakeOut(uint64_t id) {
  std::optional<Waiting> taken;
  // All go round once.
  for (size_t left = waiting_.size(); left > 0; --left) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next.id == id) {
      waiting_bytes_ -= next.bytes;
      taken = std::move(next);
    } else {
      waiting_.push_back(std::move(next));
    }
  }
  const auto held = std::find_if(held_.begin(), held_.end(),
                                 [id](const Waiting& waiting) { return waiting.id == id; });
  if (held != held_.end()) {
    taken = std::move(*held);
    held_.erase(held);
  }
  return taken;
}

void Transmitter::Hold(uint64_t id) {
  if (IsOnLine(id)) {
    on_line_.held = true;
  } else if (std::optional<Waiting> waiting = TakeOut(id)) {
    waiting->held = true;
    held_.push_back(*std::move(waiting));
  }
}

void Transmitter::Release(uint64_t id) {
  if (IsOnLine(id)) {
    on_line_.held = false;
  } else if (std::optional<Waiting> waiting = TakeOut(id)) {
    waiting->held = false;
    if (waiting->sent) return waiting->to->Depart(waiting->packet, waiting->origin);
    waiting->since = world_.timeline.now();
    Join(*std::move(waiting));
  }
}

void Transmitter::Discard(uint64_t id) {
  if (!IsOnLine(id)) {
    TakeOut(id);
    return;
  }
  // The line sends it to its end, to nobody.
  on_line_.to = nullptr;
  on_line_.held = false;
}

// ---- The line ----

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
