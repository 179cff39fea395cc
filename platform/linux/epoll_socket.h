// SPDX-License-Identifier: Apache-2.0
//
// File: epoll_socket.h
//
// `EpollSocket` is a UDP socket of the Linux kernel behind the seam: many datagrams in one call,
// segmentation offload both ways, and readiness from epoll(7).
//
// Readiness: the kernel is asked to watch a socket only once somebody listens, since it makes every
// send to and from the socket dearer. Then the loop tells of edges until it has seen the program
// read from within its callback, and from then on of levels (epoll(7)): so that a program which
// reads there needs no call to find out that it has read everything. One that stops to is told of
// edges again, for good.
//
// Reading ahead: a program that reads one datagram after the other in its callback is served from
// calls that receive many (read_ahead.h).

#ifndef POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_
#define POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "platform/common/socket_address.h"
#include "platform/linux/batches.h"
#include "platform/linux/epoll_loop.h"
#include "platform/linux/offload.h"
#include "platform/linux/read_ahead.h"
#include "platform/linux/system_calls.h"
#include "platform/posix/kernel_socket.h"
#include "platform/posix/socket_ref.h"
#include "udp/socket_engine.h"

namespace pollux::linux_engine {

// What a socket has from its engine, which outlives it.
struct SocketHome {
  SocketEngine& engine;
  EpollLoop& loop;
  SystemCalls& calls;
  Batches& batches;
  AheadPool& ahead;
};

class EpollSocket final : public posix::KernelSocket, private EpollLoop::Watched {
 public:
  static absl::StatusOr<std::unique_ptr<EngineSocket>> Create(const SocketHome& home,
                                                              AddressFamily family);
  ~EpollSocket() override;

  absl::StatusOr<size_t> Send(absl::Span<const SendSlot> datagrams) override;
  absl::StatusOr<size_t> Receive(absl::Span<ReceiveSlot> slots) override;
  absl::Status SendTo(absl::string_view payload, const Endpoint& destination,
                      absl::Status& error) override;
  absl::StatusOr<size_t> ReceiveFrom(absl::Span<char> buffer, DatagramInfo* info,
                                     absl::Status& error) override;
  std::optional<size_t> PendingDatagramSize() override;
  bool HasPending() override;
  std::optional<AsyncError> TakeAsyncError() override;

  void SetListener(ReadyListener* listener) override;
  void RequestReady() override;
  void Told(bool again) override;

  std::optional<NativeHandle> native_handle() override;

 private:
  class WatchTimer;

  EpollSocket(const SocketHome& home, const posix::SocketRef& socket);

  void OnReady() override;
  bool Probe() override;
  void MayHaveFailed() override;
  void TellLater() override;
  // Has the loop watch the socket, which it does not yet. Where the kernel refuses, that is an
  // error to be told, and is tried again after a while.
  void BeWatched();
  // That time has come.
  void BeWatchedAtLast();
  // Has the loop tell of levels or of edges, as fits what the listener has just done.
  void AdaptToListener();
  // Whether there is none, as far as can be known without asking the kernel.
  bool HasNoError() const {
    return ABSL_PREDICT_TRUE(!errors_.kept() && !maybe_failed_ && watch_ != Watch::kNothing);
  }
  // `TakeAsyncError`, where there may be one.
  std::optional<AsyncError> LookForAsyncError();

  absl::StatusOr<size_t> SendOne(const SendSlot& slot);
  int64_t SendWithOptions(const SendSlot& slot, internal::SocketAddress* to);
  absl::StatusOr<size_t> SendMany(absl::Span<const SendSlot> datagrams);
  // One system call's worth: returns how many datagrams were sent, 0 where the first cannot be, or
  // a negated errno.
  int64_t SendSome(absl::Span<const SendSlot> datagrams);
  // Gives that many prepared messages to the kernel; returns how many it took, or a negated errno
  // where it did not take the first.
  int64_t HandOver(size_t messages);

  // `ReceiveFrom` what was taken ahead.
  absl::StatusOr<size_t> ReceiveHeld(absl::Span<char> buffer, DatagramInfo* info);
  // For one slot, when nothing was taken ahead.
  absl::StatusOr<size_t> ReceiveOne(ReceiveSlot& slot);
  // One datagram, or run, into `slot`; returns 1 or a negated errno.
  int64_t ReceiveSingle(ReceiveSlot& slot);
  // As many as one call gives for `slots`, which are the program's or `ahead_`'s; returns how many,
  // or a negated errno.
  int64_t ReceiveSome(absl::Span<ReceiveSlot> slots, bool ahead);
  // Whether there is something to be known from control messages.
  bool ReceivesWithControl() const { return metadata_ != Metadata::kNone || offload_.coalescing(); }
  // One datagram into `buffer`; returns the size that it had, or a negated errno. The second form
  // asks for control messages.
  int64_t ReceivePlainly(absl::Span<char> buffer, internal::SocketAddress& from);
  int64_t ReceiveWithControl(absl::Span<char> buffer, DatagramInfo& info, size_t& segment);
  absl::StatusOr<size_t> ReceiveMany(absl::Span<ReceiveSlot> slots);
  // From what was taken ahead, and into it what was not.
  absl::StatusOr<size_t> ReceiveAhead(absl::Span<ReceiveSlot> slots);
  // Takes from the kernel what one call gives, unless something is there. Returns more than 0, or a
  // negated errno.
  int64_t TakeAhead();
  // Hands out the next one of what was taken ahead. Of more than that only the kernel knows.
  void HandOut(ReceiveSlot& slot) {
    slot.size = HandOut(slot.buffer, &slot.info);
    slot.segment_size = 0;
  }
  size_t HandOut(absl::Span<char> buffer, DatagramInfo* info) {
    received_ = true;
    const size_t size = ahead_.Take(buffer, info);
    if (ahead_.empty()) SetKnownDatagrams(Waiting::kUnknown);
    return size;
  }
  // How many datagrams the next call of that kind asks for.
  size_t AheadMost() const;
  // What a call that received nothing comes to.
  absl::StatusOr<size_t> ReceiveFailure(int64_t result);

  // What each datagram needs lies together, and beside what the loop needs of a `Watched`.
  ReadyListener* listener_ = nullptr;  // Null for nobody.
  bool received_ = false;              // A receive was tried since the listener was told.
  bool read_failed_ = false;           // The last one since then.
  bool maybe_failed_ = false;          // The kernel may have an error.
  bool levels_refused_ = false;
  bool handle_taken_ = false;
  AheadPace ahead_pace_;
  ReadAhead ahead_;
  Offload offload_;
  AheadPool& ahead_pool_;

  EpollLoop& loop_;
  Batches& batches_;
  SystemCalls& calls_;
  std::unique_ptr<WatchTimer> watch_timer_;  // Null until the kernel has refused.
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_EPOLL_SOCKET_H_
