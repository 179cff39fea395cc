// SPDX-License-Identifier: Apache-2.0
//
// File: windows_socket.h
//
// `WindowsSocket` is one UDP socket of Winsock's. Its life and readiness are in windows_socket.cc,
// what it sends and receives in windows_transfer.cc.
//
// Winsock tells of ICMP errors by failing the next receive. A socket that asks for them thus takes
// what waits, and keeps the datagram, if it is one, for the next read.

#ifndef POLLUX_PLATFORM_WINDOWS_WINDOWS_SOCKET_H_
#define POLLUX_PLATFORM_WINDOWS_WINDOWS_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "platform/common/held_datagrams.h"
#include "platform/common/sender.h"
#include "platform/common/socket_address.h"
#include "platform/windows/offload.h"
#include "platform/windows/socket_options.h"
#include "platform/windows/socket_ref.h"
#include "platform/windows/windows_loop.h"
#include "udp/socket_engine.h"

namespace pollux::windows_engine {

// What a socket has from its engine, which outlives it.
struct SocketHome {
  SocketEngine& engine;
  WindowsLoop& loop;
  Winsock& calls;
};

class WindowsSocket final : public EngineSocket, private WindowsLoop::Watched {
 public:
  static absl::StatusOr<std::unique_ptr<EngineSocket>> Create(const SocketHome& home,
                                                              AddressFamily family);
  ~WindowsSocket() override;

  absl::Status Bind(const Endpoint& local) override;
  absl::Status Connect(const Endpoint& peer) override;
  absl::Status Disconnect() override;
  Endpoint LocalEndpoint() const override;

  absl::StatusOr<size_t> Send(absl::Span<const SendSlot> datagrams) override;
  absl::StatusOr<size_t> Receive(absl::Span<ReceiveSlot> slots) override;
  std::optional<size_t> PendingDatagramSize() override;
  std::optional<AsyncError> TakeAsyncError() override;

  void SetListener(ReadyListener* listener) override;
  void RequestReady() override;

  absl::Status RequestMetadata(Metadata fields) override;
  absl::Status SetOption(SocketOption option, int value) override;
  absl::StatusOr<int> GetOption(SocketOption option) const override;

  absl::Status Join(const GroupMembership& membership) override;
  absl::Status Leave(const GroupMembership& membership) override;
  absl::Status SetMulticastInterface(uint32_t interface_index) override;
  absl::StatusOr<uint32_t> MulticastInterface() const override { return multicast_interface_; }

  std::optional<NativeHandle> native_handle() override;

 private:
  // A datagram, as a receive call gave it.
  struct Taken {
    size_t size = 0;  // Bytes stored.
    bool truncated = false;
    size_t segment = 0;  // Of a run: the size of its datagrams, of which the last may be shorter.
  };

  WindowsSocket(const SocketHome& home, const SocketRef& socket);

  void OnNews(Result result) override;
  void OnReady() override;
  // Has the loop watch the socket, unless it does.
  void BeWatched();
  // The local address as the system has it; port 0 while it is not bound.
  internal::SocketAddress SystemAddress() const;

  // Sends one datagram that can be sent, or a run. Returns a count, or a negated code.
  Result SendRun(absl::Span<const SendSlot> run, internal::SocketAddress* to);
  Result SendMessage(absl::Span<const SendSlot> run, internal::SocketAddress* to);
  // Keeps an error that ICMP can have caused, and says whether it was one.
  bool KeepIfAsynchronous(Result result);

  // One datagram into `buffer`. Asynchronous errors are kept, and the call is made again. Returns 0
  // or a negated code, -WSAEWOULDBLOCK for none now.
  Result ReceiveInto(absl::Span<char> buffer, DatagramInfo& info, Taken& taken);
  Result ReceivePlainly(absl::Span<char> buffer, DatagramInfo& info, Taken& taken);
  Result ReceiveWithControl(absl::Span<char> buffer, DatagramInfo& info, Taken& taken);
  // Takes the next datagram, unless one is held. Returns as `ReceiveInto`.
  Result Hold();
  // Looks at the next datagram and leaves it where it is; returns its size, or a negated code.
  Result Peek();
  // Whether looking has to leave it there, for somebody else may read it. Runs are taken all the
  // same: only so can they be told from single datagrams.
  bool must_leave() const { return handle_taken_ && !offload_.coalescing(); }
  // Keeps an error that belongs to no call, for `TakeAsyncError`.
  void Keep(absl::Status status, const Endpoint& destination);
  // The network has failed under the socket: keeps that as an error, and stops watching.
  void Fail(Result result);

  WindowsLoop& loop_;
  const SocketRef socket_;
  ReadyListener* listener_ = nullptr;  // Null for nobody.
  // Whether a receive may find something: until one has found nothing.
  bool maybe_readable_ = true;
  bool failed_ = false;  // The network has; until a receive finds otherwise.
  bool handle_taken_ = false;

  internal::Sender sender_;
  internal::SocketAddress before_connect_;  // The local address that `Disconnect` gives back.
  bool bound_ = false;
  Metadata metadata_ = Metadata::kNone;
  uint32_t multicast_interface_ = 0;
  RememberedOptions remembered_;
  Offload offload_;
  internal::HeldDatagrams held_;
  std::deque<AsyncError> errors_;
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_WINDOWS_SOCKET_H_
