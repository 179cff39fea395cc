// SPDX-License-Identifier: Apache-2.0

#include "sim/host_engine.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/host_socket.h"
#include "udp/internal/answer_at_once.h"
#include "udp/socket_error.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

using Answer = absl::StatusOr<std::vector<IpAddress>>;

// One question to the resolver, on its way.
class HostEngine::Lookup final : public TimerQueue::Entry {
 public:
  Lookup(HostEngine& engine, absl::string_view name, ResolveCallback callback)
      : engine_(engine),
        name_(name),
        answer_(internal::AnswerAtOnce(engine, name)),
        callback_(std::move(callback)) {}

  const std::string& name() const { return name_; }
  // What needs no resolver; nullopt for a name.
  const std::optional<Answer>& answer() const { return answer_; }
  ResolveCallback TakeCallback() { return std::move(callback_); }

 private:
  void Fire() override { engine_.Finish(*this); }

  HostEngine& engine_;
  const std::string name_;
  const std::optional<Answer> answer_;
  ResolveCallback callback_;
};

HostEngine::HostEngine(Timeline& timeline, const HostClock& clock, UdpStack& stack,
                       const Options& options, NameService names)
    : stack_(stack),
      options_(options),
      name_(absl::StrCat("sim:", ToString(stack.rules().platform))),
      names_(std::move(names)),
      loop_(timeline, clock, *this) {}

HostEngine::~HostEngine() = default;

void HostEngine::Kill() {
  loop_.Kill();
  sockets_.ForEach([](HostSocket& socket) { socket.Kill(); });
  sockets_.Clear();
}

absl::Status HostEngine::Gone(absl::string_view what) const {
  return OsStatus(platform(), OsError::kBadDescriptor,
                  absl::StrCat(what, ": the host has crashed since, and its sockets with it"));
}

absl::StatusOr<std::unique_ptr<EngineSocket>> HostEngine::NewUdpSocket(AddressFamily family) {
  if (dead()) return Gone("create a UDP socket");
  const auto fail = [&](OsError error) {
    return OsStatus(platform(), error,
                    absl::StrCat("create a UDP socket of family ", ToString(family)));
  };
  const bool wants_ipv6 = family == AddressFamily::kIpv6 || family == AddressFamily::kDual;
  if (wants_ipv6 && !options_.ipv6) return fail(OsError::kAddressFamilyNotSupported);
  const Outcome<SocketId> id = stack_.Socket(family, options_.user);
  if (!id.ok()) return fail(id.error());
  auto socket = std::make_unique<HostSocket>(*this, *id, family);
  sockets_.Add(*id, socket.get());
  return socket;
}

absl::StatusOr<std::vector<NetworkInterface>> HostEngine::Interfaces() {
  if (dead()) return Gone("list the interfaces");
  return stack_.interfaces();
}

void HostEngine::Resolve(absl::string_view name, ResolveCallback callback) {
  if (dead()) return;
  lookups_.push_back(std::make_unique<Lookup>(*this, name, std::move(callback)));
  // What needs no resolver does not wait for one.
  const bool known = lookups_.back()->answer().has_value();
  loop_.StartEntry(*lookups_.back(), known ? absl::ZeroDuration() : options_.resolve_delay);
}

void HostEngine::Finish(Lookup& lookup) {
  const std::string name = lookup.name();
  std::optional<Answer> answer = lookup.answer();
  ResolveCallback callback = lookup.TakeCallback();
  lookups_.erase(std::find_if(lookups_.begin(), lookups_.end(),
                              [&](const auto& entry) { return entry.get() == &lookup; }));
  if (answer) {
    callback(*std::move(answer));
    return;
  }
  std::vector<IpAddress> addresses = names_(name);
  if (addresses.empty()) {
    callback(SocketStatus(SocketError::kHostNotFound,
                          absl::StrCat("resolve \"", name, "\": no host has this name")));
  } else {
    callback(std::move(addresses));
  }
}

bool HostEngine::DropCallbacks() {
  std::vector<std::unique_ptr<Lookup>> dropped;
  dropped.swap(lookups_);
  const bool tasks = loop_.DropTasks();
  return tasks || !dropped.empty();
}

void HostEngine::SocketReady(SocketId id) {
  if (HostSocket* socket = sockets_.Find(id)) socket->OnArrival();
}

void HostEngine::SocketFailed(SocketId id) {
  if (HostSocket* socket = sockets_.Find(id)) socket->OnError();
}

void HostEngine::RunReady(SocketId id) {
  if (HostSocket* socket = sockets_.Find(id)) socket->RunReady();
}

void HostEngine::Approach(SocketId id) {
  if (const HostSocket* socket = sockets_.Find(id)) socket->Approach();
}

}  // namespace pollux::sim
