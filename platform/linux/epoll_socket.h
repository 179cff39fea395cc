// SPDX-License-Identifier: Apache-2.0
//
// File: epoll_socket.h
//
// `EpollSocket` is a UDP socket of the Linux kernel behind the seam.
//
// Asynchronous errors: Linux keeps one pending error per socket, and gives it to whatever call
// comes next, which then has not done its work. Here that call is made again and the error kept for
// `TakeAsyncError`; see `Transfer`.
//
// Readiness: the kernel is asked to watch a socket only once somebody listens, since it makes every
// send to and from the socket dearer. Then the loop tells of edges until it has seen the program
// read from within its callback, and from then on of levels (epoll(7)): so that a program which
// reads there needs no call to find out that it has read everything. One that stops to is told of
// edges again, for good.

#ifndef POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_
#define POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/base/optimization.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "platform/linux/async_errors.h"
#include "platform/linux/batches.h"
#include "platform/linux/epoll_loop.h"
#include "platform/linux/held_datagrams.h"
#include "platform/linux/offload.h"
#include "platform/linux/sender.h"
#include "platform/linux/socket_ref.h"
#include "platform/linux/system_calls.h"
#include "platform/posix/socket_address.h"
#include "udp/socket_engine.h"

namespace pollux::linux_engine {

// What a socket has from its engine, which outlives it.
struct SocketHome {
  SocketEngine& engine;
  EpollLoop& loop;
  SystemCalls& calls;
  Batches& batches;
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
  bool HasPending() override;
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

  std::optional<NativeHandle> native_handle() override;

 private:
  enum class Direction { kSend, kReceive };

  EpollSocket(const SocketHome& home, const SocketRef& socket);

  void OnReady() override;
  bool Probe() override;
  // Has the loop watch the socket, unless it does.
  void BeWatched();
  // Has the loop tell of levels or of edges, as fits what the callback has just done.
  void AdaptToCallback();
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

  absl::StatusOr<size_t> SendOne(const SendSlot& slot);
  int64_t SendWithOptions(const SendSlot& slot, internal::SocketAddress* to);
  absl::StatusOr<size_t> SendMany(absl::Span<const SendSlot> datagrams);
  // One system call's worth: returns how many datagrams were sent, 0 where the first cannot be, or
  // a negated errno.
  int64_t SendSome(absl::Span<const SendSlot> datagrams);
  // What a call that sent nothing comes to.
  absl::StatusOr<size_t> SendFailure(int64_t result, const SendSlot& slot);

  absl::StatusOr<size_t> ReceiveOne(ReceiveSlot& slot);
  // One datagram into `buffer`, for which `slot` says what it was; the size that it had, or a
  // negated errno. The second form asks for control messages.
  int64_t ReceivePlainly(absl::Span<char> buffer, DatagramInfo& info);
  int64_t ReceiveWithControl(absl::Span<char> buffer, DatagramInfo& info, size_t& segment);
  absl::StatusOr<size_t> ReceiveMany(absl::Span<ReceiveSlot> slots);
  // From what is held, and into it what is not.
  absl::StatusOr<size_t> ReceiveByHolding(absl::Span<ReceiveSlot> slots);
  // Takes from the kernel what one call gives, unless something is held. Returns 0 or more, or a
  // negated errno.
  int64_t Hold();
  // What a call that received nothing comes to.
  absl::StatusOr<size_t> ReceiveFailure(int64_t result);

  EpollLoop& loop_;
  Batches& batches_;
  const SocketRef socket_;
  // Shared by a running callback, which may replace it or destroy the socket.
  std::shared_ptr<absl::AnyInvocable<void()>> ready_;
  bool* destroyed_ =
      nullptr;             // While the callback runs: where to say that it destroyed the socket.
  bool received_ = false;  // A receive was tried since the callback began.
  bool levels_refused_ = false;
  bool handle_taken_ = false;

  Sender sender_;
  internal::SocketAddress before_connect_;  // The local address that `Disconnect` gives back.
  bool bound_ = false;                      // Known to have a port.
  Metadata metadata_ = Metadata::kNone;
  uint32_t multicast_interface_ = 0;
  Offload offload_;
  HeldDatagrams held_;
  AsyncErrors errors_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_
