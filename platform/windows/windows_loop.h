// SPDX-License-Identifier: Apache-2.0
//
// File: windows_loop.h
//
// `WindowsLoop` is the event loop of Windows. All that can end a wait sets one event: datagrams, by
// WSAEventSelect; tasks and `Stop` of other threads; and, once a foreign loop asked for the handle,
// timers. Winsock does not say whose datagrams they are, so that each socket that is listened to is
// asked.

#ifndef POLLUX_PLATFORM_WINDOWS_WINDOWS_LOOP_H_
#define POLLUX_PLATFORM_WINDOWS_WINDOWS_LOOP_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/common/turn_loop.h"
#include "platform/windows/winsock.h"

namespace pollux::windows_engine {

// Threads as `EventLoop` says.
class WindowsLoop final : public internal::TurnLoop {
 public:
  // A socket that the loop can watch.
  class Watched : public Source {
   public:
    explicit Watched(WindowsLoop& loop) : Source(loop) {}

    bool watched() const { return socket_ != INVALID_SOCKET; }

   protected:
    ~Watched() = default;

   private:
    friend class WindowsLoop;
    // Datagrams have arrived, or, with a negative result, the network has failed. `OnReady` runs in
    // this turn.
    virtual void OnNews(Result result) = 0;

    SOCKET socket_ = INVALID_SOCKET;  // While it is watched.
  };

  // Errors: kSocketResource, out of handles or memory.
  static absl::StatusOr<std::unique_ptr<WindowsLoop>> Create(std::shared_ptr<Winsock> calls,
                                                             absl::Duration spin);
  ~WindowsLoop() override;

  // Watches `socket` for datagrams. After they were told, new ones are told from the next receive
  // call on, as WSAEventSelect has it. Returns 0, or a negated code where nothing has changed.
  Result Watch(SOCKET socket, Watched& watched);
  // Before the socket is closed.
  void Unwatch(Watched& watched);

  absl::Time Now() const override;
  absl::Time WallNow() const override;
  // An event's HANDLE, for WaitForMultipleObjects and the like. Whoever waits must not reset it.
  std::optional<NativeHandle> native_handle() override;

 private:
  WindowsLoop(std::shared_ptr<Winsock> calls, absl::Duration spin)
      : calls_(std::move(calls)), spin_(spin) {}

  absl::Status Open();
  void Wait(absl::Duration timeout) override;
  // Whether the event is set by then.
  bool WaitForEvent(absl::Duration timeout);
  bool IsEventSet();
  void AskSockets();
  void Wake() override;
  void WakeHostAt(absl::Time when) override;

  const std::shared_ptr<Winsock> calls_;
  const absl::Duration spin_;
  std::vector<Watched*> watched_;
  HANDLE event_ = nullptr;
  HANDLE timer_ = nullptr;     // Ends waits; those of `Wait` itself.
  PTP_TIMER alarm_ = nullptr;  // Sets the event; null while no foreign loop hosts this one.
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_WINDOWS_LOOP_H_
