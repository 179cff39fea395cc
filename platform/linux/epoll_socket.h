// SPDX-License-Identifier: Apache-2.0
//
// File: epoll_socket.h
//
// `EpollSocket` is a UDP socket of the Linux kernel behind the seam.
//
// Asynchronous errors: Linux keeps one pending error per socket, and gives it to whatever call
// comes next, which then has not done its work. Here that call is made again and the error kept for
// `TakeAsyncError`; see `Transfer`.

#ifndef POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_
#define POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "platform/linux/async_errors.h"
#include "platform/linux/control_messages.h"
#include "platform/linux/epoll_loop.h"
#include "platform/linux/socket_ref.h"
#include "platform/linux/system_calls.h"
#include "platform/posix/socket_address.h"
#include "udp/socket_engine.h"

namespace pollux::linux_engine {

// What the batch calls hand to the kernel. One per engine serves all of its sockets, since a call
// uses it only while it runs.
struct BatchBuffers {
  static constexpr size_t kSlots = 64;

  mmsghdr messages[kSlots];
  iovec payloads[kSlots];
  internal::SocketAddress addresses[kSlots];
  ControlBuffer controls[kSlots];
};

// What a socket has from its engine, which outlives it.
struct SocketHome {
  SocketEngine& engine;
  EpollLoop& loop;
  SystemCalls& calls;
  BatchBuffers& buffers;
};

class EpollSocket final : public EngineSocket, private EpollLoop::Watched {
 public:
  static absl::StatusOr<std::unique_ptr<EngineSocket>> Create(const SocketHome& home,
                                                              AddressFamily family);
  ~EpollSocket() override;

  absl::Status Bind(const Endpoint& local) override;
  absl::Status Connect(const Endpoint& peer) override;
  absl::Status Disconnect() override;
  Endpoint LocalEndpoint() const override;

  absl::StatusOr<size_t> Send(absl::Span<const SendSlot> datagrams) override;
  absl::StatusOr<size_t> Receive(absl::Span<ReceiveSlot> slots) override;
  std::optional<size_t> PendingDatagramSize() override;
  std::optional<AsyncError> TakeAsyncError() override;

  void SetReadyCallback(absl::AnyInvocable<void()> ready) override;
  void RequestReady() override;

  absl::Status RequestMetadata(Metadata fields) override;
  absl::Status SetOption(SocketOption option, int value) override;
  absl::StatusOr<int> GetOption(SocketOption option) const override;

  absl::Status Join(const GroupMembership& membership) override;
  absl::Status Leave(const GroupMembership& membership) override;
  absl::Status SetMulticastInterface(uint32_t interface_index) override;
  absl::StatusOr<uint32_t> MulticastInterface() const override { return multicast_interface_; }

  std::optional<NativeHandle> native_handle() const override {
    return static_cast<NativeHandle>(socket_.fd);
  }

 private:
  enum class Direction { kSend, kReceive };

  EpollSocket(const SocketHome& home, const SocketRef& socket);

  void OnReady() override;
  // The local address as the kernel has it; unset with port 0 where it cannot tell.
  internal::SocketAddress KernelAddress() const;
  // Undoes connect(2), and with it an implicit bind.
  int Dissolve();

  // Makes a call that returns a count or a negated errno, and makes it again where it was
  // interrupted, or was given an asynchronous error. -EAGAIN means none now.
  template <typename Call>
  int64_t Transfer(Direction direction, Call call) {
    const int64_t result = call();
    if (ABSL_PREDICT_TRUE(result >= 0 || result == -EAGAIN)) return result;
    return TransferAgain(direction, call, result);
  }
  int64_t TransferAgain(Direction direction, absl::FunctionRef<int64_t()> call, int64_t result);
  void Keep(int async_error);

  // Fills `to` for a datagram, and leaves it unset for one to the peer. False for a datagram that
  // cannot be sent; `Refusal` then says why.
  bool Address(const SendSlot& slot, internal::SocketAddress& to, bool& has_address) const;
  absl::Status Refusal(const SendSlot& slot) const;
  bool UsesIpv4(const SendSlot& slot) const;
  absl::StatusOr<size_t> SendOne(const SendSlot& slot);
  absl::StatusOr<size_t> SendMany(absl::Span<const SendSlot> datagrams);
  // Prepares as many as there is room for, or up to one that cannot be sent; returns how many.
  size_t PrepareSend(absl::Span<const SendSlot> datagrams);
  // What a call that sent nothing comes to.
  absl::StatusOr<size_t> SendFailure(int64_t result, const SendSlot& slot);

  absl::StatusOr<size_t> ReceiveOne(ReceiveSlot& slot);
  absl::StatusOr<size_t> ReceiveMany(absl::Span<ReceiveSlot> slots);
  void PrepareReceive(absl::Span<ReceiveSlot> slots);
  // What a call that received nothing comes to.
  absl::StatusOr<size_t> ReceiveFailure(int64_t result);

  EpollLoop& loop_;
  BatchBuffers& buffers_;
  const SocketRef socket_;
  // Shared by a running callback, which may replace it or destroy the socket.
  std::shared_ptr<absl::AnyInvocable<void()>> ready_;

  Endpoint peer_;                           // Unset while not connected.
  internal::SocketAddress before_connect_;  // The local address that `Disconnect` gives back.
  bool bound_ = false;                      // Known to have a port.
  Metadata metadata_ = Metadata::kNone;
  int type_of_service_ = 0;
  uint32_t multicast_interface_ = 0;
  AsyncErrors errors_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_
