// SPDX-License-Identifier: Apache-2.0
//
// File: scripted_engine.h
//
// An engine whose sockets do what a test tells them to: for the answers that a real kernel, or a
// simulated one, gives too seldom to wait for.

#ifndef POLLUX_TESTS_UDP_SCRIPTED_ENGINE_H_
#define POLLUX_TESTS_UDP_SCRIPTED_ENGINE_H_

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "udp/socket_engine.h"
#include "udp/socket_error.h"

namespace pollux {

// Time passes only in RunFor and RunUntil.
class ManualLoop final : public EventLoop {
 public:
  absl::Time Now() const override { return now_; }
  absl::Time WallNow() const override { return now_; }
  void Post(absl::AnyInvocable<void()> task) override { tasks_.push_back(std::move(task)); }
  void Stop() override {}
  void Run() override { RunFor(absl::ZeroDuration()); }
  void RunFor(absl::Duration duration) override {
    RunUntil([] { return false; }, duration);
  }
  bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) override {
    const absl::Time end = now_ + timeout;
    while (!predicate()) {
      if (TimerQueue::Entry* timer = timers_.PopDue(now_)) {
        timer->Fire();
      } else if (!tasks_.empty()) {
        absl::AnyInvocable<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        task();
      } else if (timers_.NextTime() <= end) {
        now_ = timers_.NextTime();
      } else {
        now_ = end;
        return false;
      }
    }
    return true;
  }

 private:
  void AddTimer(TimerQueue::Entry& timer, absl::Time when) override {
    timers_.Add(timer, std::max(when, now_));
  }
  void RemoveTimer(TimerQueue::Entry& timer) override { timers_.Remove(timer); }

  absl::Time now_ = absl::UnixEpoch();
  TimerQueue timers_;
  std::deque<absl::AnyInvocable<void()>> tasks_;
};

// What the sockets of an engine answer. A default script is a network that takes everything and has
// nothing to say.
struct Script {
  absl::Status open;                    // NewUdpSocket,
  bool ipv6 = true;                     // which fails for other families than IPv4 without it.
  std::vector<SocketOption> refused;    // SetOption fails for these.
  absl::Status metadata;                // RequestMetadata
  std::vector<IpAddress> unreachable;   // Connect fails for these.
  std::vector<IpAddress> resolved;      // Resolve; empty: not found.
  size_t send_room = 1000;              // How many datagrams Send takes before it would block.
  absl::Status send_error;              // What Send fails with, where it is not OK.
  std::deque<std::string> arrived;      // What Receive gives.
  std::deque<AsyncError> async_errors;  // What TakeAsyncError gives.
  std::vector<std::string> calls;       // What was called, in order: Bind, Connect, Send.
  int ready_requests = 0;               // How often RequestReady was called.
  ReadyListener* listener = nullptr;    // For the test to tell.
};

class ScriptedSocket final : public EngineSocket {
 public:
  ScriptedSocket(SocketEngine& engine, Script& script) : EngineSocket(engine), script_(script) {}

  absl::Status Bind(const Endpoint& local) override {
    script_.calls.push_back("bind " + local.ToString());
    local_ = local;
    return absl::OkStatus();
  }
  absl::Status Connect(const Endpoint& peer) override {
    script_.calls.push_back("connect " + peer.ToString());
    if (Has(script_.unreachable, peer.address)) {
      return OsStatus(Platform::kLinux, OsError::kNetworkUnreachable, "connect " + peer.ToString());
    }
    return absl::OkStatus();
  }
  absl::Status Disconnect() override { return absl::OkStatus(); }
  Endpoint LocalEndpoint() const override { return local_; }
  absl::StatusOr<size_t> Send(absl::Span<const SendSlot> datagrams) override {
    if (!script_.send_error.ok()) return script_.send_error;
    const size_t taken = std::min(datagrams.size(), script_.send_room);
    script_.send_room -= taken;
    return taken;
  }
  absl::StatusOr<size_t> Receive(absl::Span<ReceiveSlot> slots) override {
    size_t count = 0;
    for (; count < slots.size() && !script_.arrived.empty(); ++count) {
      const std::string payload = std::move(script_.arrived.front());
      script_.arrived.pop_front();
      slots[count].size = std::min(payload.size(), slots[count].buffer.size());
      std::copy_n(payload.begin(), slots[count].size, slots[count].buffer.begin());
    }
    return count;
  }
  std::optional<size_t> PendingDatagramSize() override {
    if (script_.arrived.empty()) return std::nullopt;
    return script_.arrived.front().size();
  }
  std::optional<AsyncError> TakeAsyncError() override {
    if (script_.async_errors.empty()) return std::nullopt;
    AsyncError error = std::move(script_.async_errors.front());
    script_.async_errors.pop_front();
    return error;
  }
  void SetListener(ReadyListener* listener) override { script_.listener = listener; }
  void RequestReady() override { ++script_.ready_requests; }
  absl::Status RequestMetadata(Metadata) override { return script_.metadata; }
  absl::Status SetOption(SocketOption option, int) override {
    if (!Has(script_.refused, option)) return absl::OkStatus();
    return OsStatus(Platform::kLinux, OsError::kNoProtocolOption,
                    "set option " + std::string(ToString(option)));
  }
  absl::StatusOr<int> GetOption(SocketOption) const override { return 0; }
  absl::Status Join(const GroupMembership&) override { return absl::OkStatus(); }
  absl::Status Leave(const GroupMembership&) override { return absl::OkStatus(); }
  absl::Status SetMulticastInterface(uint32_t) override { return absl::OkStatus(); }
  absl::StatusOr<uint32_t> MulticastInterface() const override { return 0; }

 private:
  template <typename T>
  static bool Has(const std::vector<T>& list, const T& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  Script& script_;
  Endpoint local_;
};

class ScriptedEngine final : public SocketEngine {
 public:
  absl::string_view name() const override { return "scripted"; }
  Platform platform() const override { return Platform::kLinux; }
  EventLoop& loop() override { return loop_; }
  absl::StatusOr<std::unique_ptr<EngineSocket>> NewUdpSocket(AddressFamily family) override {
    if (!script.open.ok()) return script.open;
    if (!script.ipv6 && family != AddressFamily::kIpv4) {
      return OsStatus(Platform::kLinux, OsError::kAddressFamilyNotSupported, "socket");
    }
    return std::make_unique<ScriptedSocket>(*this, script);
  }
  absl::StatusOr<std::vector<NetworkInterface>> Interfaces() override {
    return std::vector<NetworkInterface>();
  }
  void Resolve(absl::string_view name, ResolveCallback callback) override {
    loop_.Post([this, text = std::string(name), callback = std::move(callback)]() mutable {
      if (script.resolved.empty()) {
        callback(SocketStatus(SocketError::kHostNotFound, text + ": not found"));
      } else {
        callback(script.resolved);
      }
    });
  }

  Script script;

 private:
  ManualLoop loop_;
};

}  // namespace pollux

#endif  // POLLUX_TESTS_UDP_SCRIPTED_ENGINE_H_
