// SPDX-License-Identifier: Apache-2.0
//
// File: posix_socket.h
//
// `PosixSocket` is a UDP socket as any Unix has it: each datagram is one call.

#ifndef POLLUX_PLATFORM_POSIX_POSIX_SOCKET_H_
#define POLLUX_PLATFORM_POSIX_POSIX_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
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

  void SetReadyCallback(absl::AnyInvocable<void()> ready) override;
  void RequestReady() override;

  std::optional<NativeHandle> native_handle() override;

 private:
  PosixSocket(SocketEngine& engine, ReadinessLoop& loop, const SocketRef& socket);

  void OnReady() override;
  void TellLater() override;
  // What the loop is asked for after something was taken, or is wanted.
  void Arm();
  absl::Status SendOne(const SendSlot& slot, bool& full);
  // One datagram into `buffer`; the size stored, or a negated errno.
  int64_t ReceiveInto(absl::Span<char> buffer, DatagramInfo& info);

  ReadinessLoop& loop_;
  // Shared by a running callback, which may replace it or destroy the socket.
  std::shared_ptr<absl::AnyInvocable<void()>> ready_;
  internal::HeldDatagrams held_;
  bool handle_taken_ = false;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_POSIX_SOCKET_H_
