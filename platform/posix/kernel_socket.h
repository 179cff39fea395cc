// SPDX-License-Identifier: Apache-2.0
//
// File: kernel_socket.h
//
// `KernelSocket` is what UDP sockets of Unix kernels have in common behind the seam: their life,
// addresses, options and memberships, and what becomes of asynchronous errors. Engines derive their
// sockets from it, and say how these send, receive and become ready.
//
// Asynchronous errors: a kernel keeps one pending error per socket, and gives it to whatever call
// comes next, which then has not done its work. Here that call is made again and the error kept for
// `TakeAsyncError`; see `Transfer`.

#ifndef POLLUX_PLATFORM_POSIX_KERNEL_SOCKET_H_
#define POLLUX_PLATFORM_POSIX_KERNEL_SOCKET_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/common/sender.h"
#include "platform/common/socket_address.h"
#include "platform/posix/async_errors.h"
#include "platform/posix/socket_ref.h"
#include "platform/posix/system_calls.h"
#include "udp/socket_engine.h"

namespace pollux::posix {

class KernelSocket : public EngineSocket {
 public:
  absl::Status Bind(const Endpoint& local) override;
  absl::Status Connect(const Endpoint& peer) override;
  absl::Status Disconnect() override;
  Endpoint LocalEndpoint() const override;

  absl::Status RequestMetadata(Metadata fields) override;
  absl::Status SetOption(SocketOption option, int value) override;
  absl::StatusOr<int> GetOption(SocketOption option) const override;

  absl::Status Join(const GroupMembership& membership) override;
  absl::Status Leave(const GroupMembership& membership) override;
  absl::Status SetMulticastInterface(uint32_t interface_index) override;
  absl::StatusOr<uint32_t> MulticastInterface() const override { return multicast_interface_; }

 protected:
  enum class Direction { kSend, kReceive };

  // Makes a socket of the kernel, which the caller has to put in a `KernelSocket`.
  static absl::StatusOr<SocketRef> Open(SystemCalls& calls, AddressFamily family);
  // Takes the descriptor over.
  KernelSocket(SocketEngine& engine, const SocketRef& socket);
  ~KernelSocket() override;

  // An asynchronous error was kept, or a flood of them ended a call before its time: there is
  // something to be told in the next turn.
  virtual void TellLater() = 0;

  // Makes a call that returns a count or a negated errno, and makes it again where it was
  // interrupted, or was given an asynchronous error. -EAGAIN means none now.
  template <typename Call>
  ABSL_ATTRIBUTE_ALWAYS_INLINE int64_t Transfer(Direction direction, Call call) {
    const int64_t result = call();
    if (ABSL_PREDICT_TRUE(result >= 0 || result == -EAGAIN)) return result;
    // A copy: what has an address would be kept in memory on the straight way as well.
    Call again = call;
    return TransferAgain(direction, again, result);
  }

  // Whether a read that gave that will fail again for as long as one asks, as far as anybody can
  // know: not for want of memory, or of a buffer.
  static bool EndsReading(int64_t result) {
    return result < 0 && result != -EAGAIN && result != -ENOBUFS && result != -ENOMEM &&
           result != -EFAULT;
  }

  // Whether a send that came to `result` may go well now: the kernel refuses the first transmit
  // time of a socket, which is what makes this ask for them. A socket that has none costs nothing
  // so. Where the system has no transmit times, `result` then says that.
  bool MaySendNow(const SendSlot& slot, int64_t& result) {
    if (ABSL_PREDICT_TRUE(result != -EINVAL) || !slot.options.transmit_time.has_value()) {
      return false;
    }
    return AskForTransmitTimes(result);
  }
  // What a call that sent nothing comes to.
  absl::StatusOr<size_t> SendFailure(int64_t result, const SendSlot& slot);
  // Takes the oldest asynchronous error, of those kept and then of the kernel's.
  std::optional<AsyncError> TakePendingError() {
    return errors_.TakePending(socket_, sender_.peer);
  }

  const SocketRef socket_;
  internal::Sender sender_;
  Metadata metadata_ = Metadata::kNone;
  AsyncErrors errors_;

 private:
  bool AskForTransmitTimes(int64_t& result);
  int64_t TransferAgain(Direction direction, absl::FunctionRef<int64_t()> call, int64_t result);
  // The local address as the kernel has it; unset with port 0 where it cannot tell.
  internal::SocketAddress KernelAddress() const;
  // Undoes connect(2), and with it an implicit bind.
  int Dissolve();

  internal::SocketAddress before_connect_;  // The local address that `Disconnect` gives back.
  bool bound_ = false;                      // Known to have a port.
  bool has_transmit_times_ = false;         // The kernel takes them.
  uint32_t multicast_interface_ = 0;
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_KERNEL_SOCKET_H_
