// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/system_calls.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <cerrno>

namespace pollux::linux_engine {
namespace {

int Negated(int result) { return result < 0 ? -errno : result; }

}  // namespace

std::shared_ptr<SystemCalls> SystemCalls::Straight() {
  auto calls = std::make_shared<SystemCalls>();
  calls->straight_ = true;
  return calls;
}

int SystemCalls::SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return Negated(::sendmmsg(fd, messages, count, flags));
}

int SystemCalls::RecvMMsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return Negated(::recvmmsg(fd, messages, count, flags, nullptr));
}

int SystemCalls::EpollCreate1(int flags) { return Negated(::epoll_create1(flags)); }

int SystemCalls::EpollCtl(int epoll, int operation, int fd, epoll_event* event) {
  return Negated(::epoll_ctl(epoll, operation, fd, event));
}

int SystemCalls::EpollPwait2(int epoll, epoll_event* events, int max, const timespec* timeout) {
  return Negated(::epoll_pwait2(epoll, events, max, timeout, nullptr));
}

int SystemCalls::EpollWait(int epoll, epoll_event* events, int max, int milliseconds) {
  return Negated(::epoll_wait(epoll, events, max, milliseconds));
}

int SystemCalls::PPoll(pollfd* entries, size_t count, const timespec* timeout) {
  return Negated(::ppoll(entries, count, timeout, nullptr));
}

int SystemCalls::EventFd(unsigned value, int flags) { return Negated(::eventfd(value, flags)); }

int SystemCalls::TimerFdCreate(int clock, int flags) {
  return Negated(::timerfd_create(clock, flags));
}

int SystemCalls::TimerFdSetTime(int fd, int flags, const itimerspec* value) {
  return Negated(::timerfd_settime(fd, flags, value, nullptr));
}

}  // namespace pollux::linux_engine
