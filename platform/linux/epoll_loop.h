// SPDX-License-Identifier: Apache-2.0
//
// File: epoll_loop.h
//
// `EpollLoop` is the event loop of Linux: epoll(7) with edge-triggered sockets, an eventfd that
// ends a wait from another thread, and, once a foreign loop asked for the handle, a timerfd.
//
// A loop that spins looks into its sockets itself for a while before it waits. These are in the
// epoll set only while it really waits, since that makes each datagram dearer. For the same reason
// a loop of few sockets waits by ppoll(2) for those whose levels count.

#ifndef POLLUX_PLATFORM_LINUX_EPOLL_LOOP_H_
#define POLLUX_PLATFORM_LINUX_EPOLL_LOOP_H_

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/common/turn_loop.h"
#include "platform/linux/system_calls.h"

namespace pollux::linux_engine {

// Threads as `EventLoop` says.
class EpollLoop final : public internal::TurnLoop {
 public:
  // A descriptor that the loop can watch.
  class Watched : public Source {
   public:
    explicit Watched(EpollLoop& loop) : Source(loop) {}

   protected:
    ~Watched() = default;

    // What the kernel tells of it: nothing, changes, or what is the case in each turn.
    enum class Watch : uint8_t { kNothing, kEdges, kLevels };
    Watch watch_ = Watch::kNothing;

    // What epoll has reported since the socket was last found empty; while it is not watched,
    // anything may be.
    bool maybe_readable_ = true;
    // A datagram was there when epoll was last asked, and nobody has tried to receive since.
    bool surely_readable_ = false;
    // Nobody else reads from it, so that the loop may.
    bool spinnable_ = true;

   private:
    friend class EpollLoop;
    // Looks for something new; true if there is.
    virtual bool Probe() = 0;
    // Epoll has reported an error.
    virtual void MayHaveFailed() = 0;

    int fd_ = -1;
    bool spun_ = false;    // In `spun_` of the loop, and not in the epoll set meanwhile.
    bool polled_ = false;  // The same with `polled_`.
  };

  // Errors: kSocketResource, out of descriptors or memory.
  static absl::StatusOr<std::unique_ptr<EpollLoop>> Create(std::shared_ptr<SystemCalls> calls,
                                                           absl::Duration spin);
  ~EpollLoop() override;

  // Watches `fd` for datagrams and errors, on behalf of `watched`, in one way or the other. Returns
  // 0, or a negated errno where nothing has changed.
  int SetWatch(int fd, Watched& watched, Watched::Watch watch);
  // Before `fd` is closed: the kernel forgets a descriptor only when its last duplicate is closed.
  void Unwatch(int fd, Watched& watched);
  // From now on `watched` is looked into by epoll alone: somebody else may read from it.
  void StopSpinning(Watched& watched);

  absl::Time Now() const override;
  absl::Time WallNow() const override;
  std::optional<NativeHandle> native_handle() override;

 private:
  EpollLoop(std::shared_ptr<SystemCalls> calls, absl::Duration spin)
      : calls_(std::move(calls)), spin_(spin) {}

  // With more sockets, asking epoll is cheaper than asking for each.
  static constexpr size_t kPolledMax = 2;

  absl::Status Open();
  int Control(int operation, Watched& watched);
  // Puts a descriptor of the loop's own into the epoll set.
  int WatchOwn(int fd);
  void Wait(absl::Duration timeout) override;
  // What `Wait` does without spinning, and where nothing is polled.
  void WaitForEvents(absl::Duration timeout);
  // Looks into the sockets for a while first.
  void WaitBySpinning(absl::Duration timeout);
  // Waits for the sockets that are polled, and for all else.
  void WaitByPolling(absl::Duration timeout);
  // What becomes of that wait where the call has failed with the negated errno `result`.
  void PollingFailed(int result, absl::Duration timeout);
  // The kernel, by whatever call, reported that of a socket: EPOLLIN, EPOLLERR.
  void Report(Watched& watched, uint32_t events);
  // Whether one more socket may be polled.
  bool MayPoll() const;
  // Takes a socket from the epoll set, and puts it back; returns 0, or a negated errno.
  void BeginPolling(Watched& watched);
  int StopPolling(Watched& watched);
  // From now on all sockets are in the epoll set.
  void StopPolling();
  // `polled_` has changed.
  void ListPolled();
  int Poll(absl::Duration timeout);
  // Looks into the sockets once, and again until `limit` has passed; true once there is something.
  bool Spin(absl::Duration limit);
  bool ProbeAll();
  // From now on all sockets are in the epoll set.
  void StopSpinning();
  void Wake() override;
  void WakeHostAt(absl::Time when) override;

  const std::shared_ptr<SystemCalls> calls_;
  absl::Duration spin_;
  std::vector<Watched*> spun_;  // The first few sockets of a loop that spins.
  std::vector<Watched*> polled_;
  std::vector<pollfd> poll_entries_;  // Of each of these, and one for all else.
  bool can_poll_ = true;              // Until the kernel, or a sandbox, says otherwise.
  size_t set_size_ = 0;               // Sockets that are in the epoll set all the time.
  std::atomic<bool> woken_ = false;   // By another thread, while this one spun.
  int epoll_ = -1;
  int event_ = -1;
  int timer_ = -1;  // -1 while no foreign loop hosts this one.
  absl::Time timer_set_to_ = absl::InfiniteFuture();
  bool has_pwait2_ = true;  // Until the kernel, or a sandbox, says otherwise.
  std::array<epoll_event, 256> events_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_EPOLL_LOOP_H_
