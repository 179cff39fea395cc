// SPDX-License-Identifier: Apache-2.0
//
// File: posix_socket.h
//
// `PosixSocket` is a UDP socket as any Unix has it: each datagram is one call, but in batches where
// a system has calls for many (message_batch.h).

#ifndef POLLUX_PLATFORM_POSIX_POSIX_SOCKET_H_
#define POLLUX_PLATFORM_POSIX_POSIX_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "platform/common/held_datagrams.h"
#include "platform/posix/kernel_socket.h"
#include "platform/posix/readiness_loop.h"
#include "platform/posix/socket_ref.h"
#include "platform/posix/system_calls.h"
#include "udp/socket_engine.h"

namespace pollux::posix {

class PosixSocket final : public KernelSocket, private ReadinessLoop::Watched {
 public:
  // `engine`, `loop` and `calls` must outlive the socket.
  static absl::StatusOr<std::unique_ptr<EngineSocket>> Create(SocketEngine& engine,
                                                              ReadinessLoop& loop,
                                                              SystemCalls& calls,
                                                              AddressFamily family);
  ~PosixSocket() override;

  absl::StatusOr<size_t> Send(absl::Span<const SendSlot> datagrams) override;
  absl::StatusOr<size_t> Receive(absl::Span<ReceiveSlot> slots) override;
  std::optional<size_t> PendingDatagramSize() override;
  std::optional<AsyncError> TakeAsyncError() override;

  void SetListener(ReadyListener* listener) override;
  void RequestReady() override;

  std::optional<NativeHandle> native_handle() override;

 private:
  PosixSocket(SocketEngine& engine, ReadinessLoop& loop, const SocketRef& socket);

  void OnReady() override;
  void TellLater() override;
  // What the loop is asked for after something was taken, or is wanted.
  void Arm();
  absl::Status SendOne(const SendSlot& slot, bool& full);
  // Sends those at the front that one call can carry. Returns how many went; 0 where none did, and
  // the first has to be sent alone to find out why. `error` is then what the call failed with, 0
  // where there was none.
  size_t SendTogether(absl::Span<const SendSlot> datagrams, int& error);
  // The same for what waits; nullopt where each has to be received alone.
  std::optional<size_t> ReceiveTogether(absl::Span<ReceiveSlot> slots);
  // Reads nothing; the size of what could be read, or what a read would fail with.
  int64_t Look();
  // Has the end of the socket told, once, if it has come to one: a system that has lost its
  // network, or is done with a program, can end sockets, which then are ready for ever and fail
  // every read.
  void LookForEnd();
  // From a read's result: a socket that has ended is not waited for until a read goes well again.
  void NoteRead(int64_t result);
  // Makes of an error of a call for many, where one alone went well, what it means for later ones.
  void NoteFailure(int error, bool& together);
  // One datagram into `buffer`; the size stored, or a negated errno.
  int64_t ReceiveInto(absl::Span<char> buffer, DatagramInfo& info);

  ReadinessLoop& loop_;
  // Shared by a running callback, which may replace it or destroy the socket.
  ReadyListener* listener_ = nullptr;  // Null for nobody.
  internal::HeldDatagrams held_;
  bool handle_taken_ = false;
  bool ended_ = false;
  // Whether calls for many are worth a try: until one was refused.
  bool send_together_ = true;
  bool receive_together_ = true;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_POSIX_SOCKET_H_
