// SPDX-License-Identifier: Apache-2.0
//
// File: system_calls.h
//
// `SystemCalls` are those of Linux: what every Unix has (platform/posix/system_calls.h), and beside
// it calls for many datagrams, epoll(7), and its descriptors for events and timers.

#ifndef POLLUX_PLATFORM_LINUX_SYSTEM_CALLS_H_
#define POLLUX_PLATFORM_LINUX_SYSTEM_CALLS_H_

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <ctime>
#include <memory>

#include "absl/base/optimization.h"
#include "platform/posix/system_calls.h"

namespace pollux::linux_engine {

// Thread-safe, as the calls are. The default is the operating system itself.
class SystemCalls : public posix::SystemCalls {
 public:
  // The operating system itself, and no class derived from it.
  static std::shared_ptr<SystemCalls> Straight();

  virtual int SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags);
  virtual int RecvMMsg(int fd, mmsghdr* messages, unsigned count, int flags);
  // `RecvMMsg` on the straight way.
  int RecvMMsgStraight(int fd, mmsghdr* messages, unsigned count, int flags) {
    if (ABSL_PREDICT_FALSE(!straight_)) return RecvMMsg(fd, messages, count, flags);
    const int result = ::recvmmsg(fd, messages, count, flags, nullptr);
    return result < 0 ? -errno : result;
  }

  virtual int EpollCreate1(int flags);
  virtual int EpollCtl(int epoll, int operation, int fd, epoll_event* event);
  // A null `timeout` waits for ever, here and in PPoll.
  virtual int EpollPwait2(int epoll, epoll_event* events, int max, const timespec* timeout);
  virtual int EpollWait(int epoll, epoll_event* events, int max, int milliseconds);
  virtual int PPoll(pollfd* entries, size_t count, const timespec* timeout);
  virtual int EventFd(unsigned value, int flags);
  virtual int TimerFdCreate(int clock, int flags);
  virtual int TimerFdSetTime(int fd, int flags, const itimerspec* value);
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_PLATFORM_LINUX_SYSTEM_CALLS_H_
