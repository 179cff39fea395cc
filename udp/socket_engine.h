// SPDX-License-Identifier: Apache-2.0
//
// File: socket_engine.h
//
// The seam. Everything above it (`UdpSocket`, every program) is portable and the same on every
// engine; everything below it is an operating system, or a simulated one. A third engine can be
// written from this page.
//
// Rules for both classes:
//  * Loop thread only. Calls never block.
//  * Would-block is not an error: batch calls return how many, and 0 means none now. They allocate
//    nothing.
//  * Errors are made with `OsStatus`: portable cause, the platform's number, and a text that names
//    the offending value. A call that fails changes nothing, but where its comment says so.
//  * Callbacks run from the loop, never inside the call that installed or caused them.
//  * Kernel options, not bind modes, cross the seam: each engine gives what its platform gives.
//  * Addresses cross it unmapped: no ::ffff:a.b.c.d in either direction. The wildcard of a
//    dual-stack socket is `IpAddress::Any()`.

#ifndef POLLUX_UDP_SOCKET_ENGINE_H_
#define POLLUX_UDP_SOCKET_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "udp/datagram.h"
#include "udp/endpoint.h"
#include "udp/event_loop.h"
#include "udp/ip_address.h"
#include "udp/network_interface.h"
#include "udp/platform.h"
#include "udp/socket_option.h"

namespace pollux {

class SocketEngine;

namespace internal {
class SocketCore;
}  // namespace internal

// One membership: a group, on an interface (0: the one the platform chooses), and for a
// source-specific membership (RFC 4607) the only source it is meant for (unset: any).
struct GroupMembership {
  IpAddress group = {};
  uint32_t interface_index = 0;
  IpAddress source = {};

  friend bool operator==(const GroupMembership& a, const GroupMembership& b) {
    return a.group == b.group && a.interface_index == b.interface_index && a.source == b.source;
  }
};

// An error that belongs to no call: an ICMP message about a datagram sent earlier.
struct AsyncError {
  absl::Status status;        // As from `OsStatus`, of `What(destination)`.
  Endpoint destination = {};  // Where that datagram went; unset where the platform does not tell.

  // What the status is of, on every engine: "datagram to 10.0.0.2:9", or "datagram sent earlier"
  // where it is not known to whom. No call: the one that sent it went well.
  static std::string What(const Endpoint& destination);
};

// What an engine knows of what waits at a socket.
enum class Waiting : uint8_t { kUnknown, kNothing, kSomething };

// Who is told that a socket is ready. Nobody owns it: it takes itself back from the socket, or
// destroys that, before it goes.
class ReadyListener {
 public:
  // There may be something to read. May destroy the socket, and what it is called on.
  virtual void OnReady() = 0;

 protected:
  ~ReadyListener() = default;
};

// One UDP socket of an engine. Destroying it closes it.
class EngineSocket {
 public:
  EngineSocket(const EngineSocket&) = delete;
  EngineSocket& operator=(const EngineSocket&) = delete;
  virtual ~EngineSocket();

  // Binds to `local`; port 0 asks for one that is free. An address of the wrong family fails with
  // `OsError::kAddressFamilyNotSupported`.
  virtual absl::Status Bind(const Endpoint& local) = 0;
  // Fixes the peer: sends without destination go there, and only its datagrams are received from
  // now on. Binds an unbound socket. A connected socket can be connected again.
  virtual absl::Status Connect(const Endpoint& peer) = 0;
  // Forgets the peer. What `Bind` was given, and the port it chose, stays.
  virtual absl::Status Disconnect() = 0;
  // Where it is bound, port 0 while it is not; a dual-stack socket's wildcard is
  // `IpAddress::Any()`.
  virtual Endpoint LocalEndpoint() const = 0;

  // Sends the datagrams in order until one cannot be sent. Returns how many were: 0 when the send
  // buffer is full. Fails only with the error of the first; that of a later one comes back when it
  // is the first of a call. An asynchronous error never fails a send. Binds an unbound socket.
  virtual absl::StatusOr<size_t> Send(absl::Span<const SendSlot> datagrams) = 0;
  // Receives up to `slots.size()` datagrams. A slot's empty buffer discards its datagram. An
  // asynchronous error never fails a receive.
  virtual absl::StatusOr<size_t> Receive(absl::Span<ReceiveSlot> slots) = 0;
  // `Send` and `Receive` of one datagram, as most programs have it: for an engine that has a
  // shorter way for it. What fails is kept in `error` as well, since nothing more is to be done by
  // who calls when they return.
  //
  // Sends `payload` without options; temporary when the send buffer is full.
  virtual absl::Status SendTo(absl::string_view payload, const Endpoint& destination,
                              absl::Status& error);
  // Fills `buffer`, and `info` unless it is null; returns how much. Temporary when there is none.
  virtual absl::StatusOr<size_t> ReceiveFrom(absl::Span<char> buffer, DatagramInfo* info,
                                             absl::Status& error);
  // How many datagrams it has given, modulo 2^32.
  uint32_t given() const { return given_; }
  // The payload size of the next datagram, which can be 0; nullopt when there is none.
  virtual std::optional<size_t> PendingDatagramSize() = 0;
  // Whether there is one: the same question for less, where the engine knows without asking.
  virtual bool HasPending() { return PendingDatagramSize().has_value(); }
  // Takes the oldest asynchronous error that was not yet taken.
  virtual std::optional<AsyncError> TakeAsyncError() = 0;

  // The answers to `HasPending` and to whether `TakeAsyncError` has one, where the engine knows
  // them without asking: a look instead of a call, for who reads datagram by datagram. `kUnknown`
  // is always true; anything else holds until the next call, and until something arrives.
  Waiting known_datagrams() const { return known_datagrams_; }
  Waiting known_errors() const { return known_errors_; }

  // `listener` is told in each turn of the loop in which datagrams or asynchronous errors have
  // arrived, once however many: edges, not levels. It can be spurious. A socket to which nobody
  // listens can be cheaper; null ends the listening.
  virtual void SetListener(ReadyListener* listener) = 0;
  // Has the listener told in the next turn if something is pending then: for those who left
  // something behind, or came late.
  virtual void RequestReady() = 0;
  // The listener has done what it does when it is told, and calls this before it returns, unless
  // the socket is gone; it need not where nothing is known to wait. `again`: `RequestReady`.
  virtual void Told(bool again) {
    if (again) RequestReady();
  }

  // Which fields of `DatagramInfo` to fill from now on, beyond the free ones. What the platform
  // lacks stays empty.
  virtual absl::Status RequestMetadata(Metadata fields) = 0;
  virtual absl::Status SetOption(SocketOption option, int value) = 0;
  virtual absl::StatusOr<int> GetOption(SocketOption option) const = 0;

  virtual absl::Status Join(const GroupMembership& membership) = 0;
  virtual absl::Status Leave(const GroupMembership& membership) = 0;
  // The interface by which group datagrams leave; 0 gives the choice back to the platform.
  virtual absl::Status SetMulticastInterface(uint32_t interface_index) = 0;
  // What was set, 0 if nothing was.
  virtual absl::StatusOr<uint32_t> MulticastInterface() const = 0;

  // The operating system's handle, which stays the socket's own; nullopt where there is none.
  virtual std::optional<NativeHandle> native_handle() { return std::nullopt; }

 protected:
  explicit EngineSocket(SocketEngine& engine);

  SocketEngine& engine() const { return engine_; }
  // For calls that receive one datagram: filled and read within the call.
  ReceiveSlot& scratch();
  void SetKnownDatagrams(Waiting known) { known_datagrams_ = known; }
  void SetKnownErrors(Waiting known) { known_errors_ = known; }
  // `ReceiveFrom` gives one.
  void Gives() { ++given_; }
  // What `SendTo`, and `ReceiveFrom`, come to where `Send` or `Receive` comes to 0 or a failure.
  static absl::Status NoneSent(const absl::StatusOr<size_t>& sent, absl::Status& error);
  static absl::Status NoneReceived(const absl::StatusOr<size_t>& received, absl::Status& error);

 private:
  SocketEngine& engine_;
  uint32_t given_ = 0;
  Waiting known_datagrams_ = Waiting::kUnknown;
  Waiting known_errors_ = Waiting::kUnknown;
};

// Makes sockets, and has all else that a program needs of its host. Sockets and timers must be gone
// before their engine is: this is checked.
class SocketEngine {
 public:
  using ResolveCallback = absl::AnyInvocable<void(absl::StatusOr<std::vector<IpAddress>>)>;

  SocketEngine(const SocketEngine&) = delete;
  SocketEngine& operator=(const SocketEngine&) = delete;
  virtual ~SocketEngine();

  // "epoll", "sim:linux": names test instances and messages.
  virtual absl::string_view name() const = 0;
  virtual Platform platform() const = 0;
  virtual EventLoop& loop() = 0;

  // A new socket, unbound, non-blocking, with the platform's default options. kDual fails with
  // `OsError::kAddressFamilyNotSupported` where the host has no IPv6.
  virtual absl::StatusOr<std::unique_ptr<EngineSocket>> NewUdpSocket(AddressFamily family) = 0;
  // The host's interfaces, by index.
  virtual absl::StatusOr<std::vector<NetworkInterface>> Interfaces() = 0;
  // Looks a host name up and runs `callback` from the loop, with at least one address, in the
  // resolver's order, or SocketError::kHostNotFound. An address as text resolves to itself, also
  // one whose scope is an interface's name, "fe80::1%eth0": `internal::AnswerAtOnce` knows which
  // these are. The callback does not run any more once the engine is gone.
  virtual void Resolve(absl::string_view name, ResolveCallback callback) = 0;

 protected:
  SocketEngine() = default;

 private:
  friend class EngineSocket;
  friend class internal::SocketCore;
  int sockets_ = 0;   // Living `EngineSocket`s.
  ReceiveSlot slot_;  // For calls that receive one datagram: a new one each time costs more.
};

inline ReceiveSlot& EngineSocket::scratch() { return engine_.slot_; }

}  // namespace pollux

#endif  // POLLUX_UDP_SOCKET_ENGINE_H_
