// SPDX-License-Identifier: Apache-2.0

#include "examples/hole_punch/hole_punch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pollux::examples {

// ---- The server ----

Rendezvous::Rendezvous(SocketEngine& engine, uint16_t port) : port_(port), socket_(engine) {
  socket_.OnReadyRead([this] { ReadAll(); });
}

absl::Status Rendezvous::Start() { return socket_.Bind(IpAddress::AnyIpv4(), port_); }

void Rendezvous::ReadAll() {
  while (socket_.HasPendingDatagrams()) {
    const absl::StatusOr<Datagram> datagram = socket_.ReceiveDatagram();
    if (!datagram.ok()) return;
    absl::string_view room = datagram->payload;
    if (absl::ConsumePrefix(&room, "MEET ") && !room.empty()) {
      Meet(std::string(room), datagram->info.source);
    }
  }
}

// Those who ask again are told again: what was said before may be lost.
void Rendezvous::Meet(const std::string& room, const Endpoint& who) {
  if (rooms_.count(room) == 0 && rooms_.size() >= kRoomsMax) return;
  std::vector<Endpoint>& present = rooms_[room];
  const bool known = std::find(present.begin(), present.end(), who) != present.end();
  if (!known && present.size() < 2) present.push_back(who);
  if (present.size() < 2) return;
  for (const Endpoint& one : present) {
    if (one != who) continue;
    const Endpoint& other = one == present[0] ? present[1] : present[0];
    // A datagram that cannot be sent is as good as lost.
    socket_.WriteDatagram(absl::StrCat("PEER ", other.ToString()), one).IgnoreError();
  }
}

// ---- A peer ----

Peer::Peer(SocketEngine& engine, Options options)
    : options_(std::move(options)),
      loop_(engine.loop()),
      socket_(engine),
      tick_(loop_, [this] { Tick(); }) {
  socket_.OnReadyRead([this] { ReadAll(); });
  // A translator that says "port unreachable" for now is no reason to stop.
  socket_.OnError([](const absl::Status&) {});
}

absl::Status Peer::Start(Done done) {
  if (options_.room.empty() || options_.room.find(' ') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options_.room, "\" is no room: it must be a word"));
  }
  if (absl::Status s = socket_.Bind(IpAddress::AnyIpv4(), 0); !s.ok()) return s;
  done_ = std::move(done);
  deadline_ = loop_.Now() + options_.timeout;
  Tick();
  return absl::OkStatus();
}

void Peer::Say(absl::string_view what, const Endpoint& to) {
  socket_.WriteDatagram(absl::StrCat(what, " ", options_.room), to).IgnoreError();
}

// Says again what has had no answer yet.
void Peer::Tick() {
  if (!done_) return;
  if (deadline_ <= loop_.Now()) {
    End(absl::DeadlineExceededError(
        other_.is_set() ? absl::StrCat("no datagram gets through to ", other_.ToString())
                        : absl::StrCat("nobody came to room ", options_.room)));
    return;
  }
  if (other_.is_set()) {
    Say("PUNCH", other_);
  } else {
    Say("MEET", options_.server);
  }
  tick_.Start(options_.interval);
}

void Peer::ReadAll() {
  while (socket_.HasPendingDatagrams()) {
    const absl::StatusOr<Datagram> datagram = socket_.ReceiveDatagram();
    if (!datagram.ok()) return;
    Take(*datagram);
  }
}

void Peer::Take(const Datagram& datagram) {
  const Endpoint& source = datagram.info.source;
  absl::string_view text = datagram.payload;
  if (absl::ConsumePrefix(&text, "PEER ")) {
    const absl::StatusOr<Endpoint> other = Endpoint::Parse(text);
    if (source != options_.server || other_.is_set() || !other.ok()) return;
    other_ = *other;
    Tick();
  } else if (text == absl::StrCat("PUNCH ", options_.room)) {
    // Where it comes from is where the other one is: a symmetric translator gives it another
    // endpoint for us than the server saw.
    other_ = source;
    Say("HEARD", source);
  } else if (text == absl::StrCat("HEARD ", options_.room)) {
    other_ = source;
    End(source);
  }
}

void Peer::End(const absl::StatusOr<Endpoint>& result) {
  if (!done_) return;
  Done done = std::move(done_);
  done_ = nullptr;
  tick_.Stop();
  done(result);
}

}  // namespace pollux::examples
