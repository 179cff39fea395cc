// SPDX-License-Identifier: Apache-2.0

#include "tests/platform/faulty_calls.h"

namespace pollux::linux_engine {

void FaultyCalls::Fail(Call call, int error, int times, int after) {
  Plan& wanted = plan(call);
  wanted.error = error;
  wanted.first = wanted.made + after;
  wanted.end = wanted.first + times;
}

int FaultyCalls::Count(Call call) {
  Plan& wanted = plan(call);
  const int number = wanted.made++;
  return wanted.first <= number && number < wanted.end ? wanted.error.load() : 0;
}

int FaultyCalls::Socket(int domain, int type, int protocol) {
  if (const int failure = Count(Call::kSocket); failure != 0) return -failure;
  return SystemCalls::Socket(domain, type, protocol);
}

int FaultyCalls::Close(int fd) {
  if (const int failure = Count(Call::kClose); failure != 0) return -failure;
  return SystemCalls::Close(fd);
}

int FaultyCalls::Bind(int fd, const sockaddr* address, socklen_t length) {
  if (const int failure = Count(Call::kBind); failure != 0) return -failure;
  return SystemCalls::Bind(fd, address, length);
}

int FaultyCalls::Connect(int fd, const sockaddr* address, socklen_t length) {
  if (const int failure = Count(Call::kConnect); failure != 0) return -failure;
  return SystemCalls::Connect(fd, address, length);
}

int FaultyCalls::GetSockName(int fd, sockaddr* address, socklen_t* length) {
  if (const int failure = Count(Call::kGetSockName); failure != 0) return -failure;
  return SystemCalls::GetSockName(fd, address, length);
}

int FaultyCalls::SetSockOpt(int fd, int level, int name, const void* value, socklen_t length) {
  if (const int failure = Count(Call::kSetSockOpt); failure != 0) return -failure;
  return SystemCalls::SetSockOpt(fd, level, name, value, length);
}

int FaultyCalls::GetSockOpt(int fd, int level, int name, void* value, socklen_t* length) {
  if (const int failure = Count(Call::kGetSockOpt); failure != 0) return -failure;
  return SystemCalls::GetSockOpt(fd, level, name, value, length);
}

ssize_t FaultyCalls::SendTo(int fd, const void* data, size_t size, int flags, const sockaddr* to,
                            socklen_t length) {
  if (const int failure = Count(Call::kSendTo); failure != 0) return -failure;
  return SystemCalls::SendTo(fd, data, size, flags, to, length);
}

ssize_t FaultyCalls::SendMsg(int fd, const msghdr* message, int flags) {
  if (const int failure = Count(Call::kSendMsg); failure != 0) return -failure;
  return SystemCalls::SendMsg(fd, message, flags);
}

int FaultyCalls::SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  if (const int failure = Count(Call::kSendMMsg); failure != 0) return -failure;
  return SystemCalls::SendMMsg(fd, messages, count, flags);
}

ssize_t FaultyCalls::RecvFrom(int fd, void* data, size_t size, int flags, sockaddr* from,
                              socklen_t* length) {
  if (const int failure = Count(Call::kRecvFrom); failure != 0) return -failure;
  return SystemCalls::RecvFrom(fd, data, size, flags, from, length);
}

ssize_t FaultyCalls::RecvMsg(int fd, msghdr* message, int flags) {
  if (const int failure = Count(Call::kRecvMsg); failure != 0) return -failure;
  return SystemCalls::RecvMsg(fd, message, flags);
}

int FaultyCalls::RecvMMsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  if (const int failure = Count(Call::kRecvMMsg); failure != 0) return -failure;
  return SystemCalls::RecvMMsg(fd, messages, count, flags);
}

int FaultyCalls::Poll(pollfd* entries, size_t count, int milliseconds) {
  if (const int failure = Count(Call::kPoll); failure != 0) return -failure;
  return SystemCalls::Poll(entries, count, milliseconds);
}

int FaultyCalls::Pipe(int ends[2]) {
  if (const int failure = Count(Call::kPipe); failure != 0) return -failure;
  return SystemCalls::Pipe(ends);
}

int FaultyCalls::EpollCreate1(int flags) {
  if (const int failure = Count(Call::kEpollCreate1); failure != 0) return -failure;
  return SystemCalls::EpollCreate1(flags);
}

int FaultyCalls::EpollCtl(int epoll, int operation, int fd, epoll_event* event) {
  if (const int failure = Count(Call::kEpollCtl); failure != 0) return -failure;
  return SystemCalls::EpollCtl(epoll, operation, fd, event);
}

int FaultyCalls::EpollPwait2(int epoll, epoll_event* events, int max, const timespec* timeout) {
  if (const int failure = Count(Call::kEpollPwait2); failure != 0) return -failure;
  return SystemCalls::EpollPwait2(epoll, events, max, timeout);
}

int FaultyCalls::EpollWait(int epoll, epoll_event* events, int max, int milliseconds) {
  if (const int failure = Count(Call::kEpollWait); failure != 0) return -failure;
  return SystemCalls::EpollWait(epoll, events, max, milliseconds);
}

int FaultyCalls::PPoll(pollfd* entries, size_t count, const timespec* timeout) {
  if (const int failure = Count(Call::kPPoll); failure != 0) return -failure;
  return SystemCalls::PPoll(entries, count, timeout);
}

int FaultyCalls::EventFd(unsigned value, int flags) {
  if (const int failure = Count(Call::kEventFd); failure != 0) return -failure;
  return SystemCalls::EventFd(value, flags);
}

int FaultyCalls::TimerFdCreate(int clock, int flags) {
  if (const int failure = Count(Call::kTimerFdCreate); failure != 0) return -failure;
  return SystemCalls::TimerFdCreate(clock, flags);
}

int FaultyCalls::TimerFdSetTime(int fd, int flags, const itimerspec* value) {
  if (const int failure = Count(Call::kTimerFdSetTime); failure != 0) return -failure;
  return SystemCalls::TimerFdSetTime(fd, flags, value);
}

ssize_t FaultyCalls::Write(int fd, const void* data, size_t size) {
  if (const int failure = Count(Call::kWrite); failure != 0) return -failure;
  return SystemCalls::Write(fd, data, size);
}

int FaultyCalls::GetIfAddrs(ifaddrs** list) {
  if (const int failure = Count(Call::kGetIfAddrs); failure != 0) return -failure;
  return SystemCalls::GetIfAddrs(list);
}

int FaultyCalls::InterfaceMtu(int fd, ifreq* request) {
  if (const int failure = Count(Call::kInterfaceMtu); failure != 0) return -failure;
  return SystemCalls::InterfaceMtu(fd, request);
}

int FaultyCalls::GetAddrInfo(const char* name, const addrinfo* hints, addrinfo** list, int* error) {
  if (const int failure = Count(Call::kGetAddrInfo); failure != 0) return failure;
  return SystemCalls::GetAddrInfo(name, hints, list, error);
}

int FaultyCalls::StartThread(void* (*body)(void*), void* argument) {
  if (const int failure = Count(Call::kStartThread); failure != 0) return -failure;
  return SystemCalls::StartThread(body, argument);
}

}  // namespace pollux::linux_engine
