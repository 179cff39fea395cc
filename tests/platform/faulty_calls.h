// SPDX-License-Identifier: Apache-2.0
//
// File: faulty_calls.h
//
// `FaultyCalls` are the real system calls, of which a test makes some fail, and counts all:
//
//   auto calls = std::make_shared<FaultyCalls>();
//   calls->Fail(Call::kSocket, EMFILE);      // The next one.
//   calls->Fail(Call::kSendTo, EINTR, 3);    // The next three.

#ifndef POLLUX_TESTS_PLATFORM_FAULTY_CALLS_H_
#define POLLUX_TESTS_PLATFORM_FAULTY_CALLS_H_

#include <array>
#include <atomic>
#include <cstddef>

#include "platform/linux/system_calls.h"

namespace pollux::linux_engine {

enum class Call : size_t {
  kSocket,
  kClose,
  kBind,
  kConnect,
  kGetSockName,
  kSetSockOpt,
  kGetSockOpt,
  kSendTo,
  kSendMsg,
  kSendMMsg,
  kRecvFrom,
  kRecvMsg,
  kRecvMMsg,
  kPoll,
  kPipe,
  kEpollCreate1,
  kEpollCtl,
  kEpollPwait2,
  kEpollWait,
  kPPoll,
  kEventFd,
  kTimerFdCreate,
  kTimerFdSetTime,
  kWrite,
  kGetIfAddrs,
  kInterfaceMtu,
  kGetAddrInfo,
  kStartThread,
  kCount,
};

// Thread-safe.
class FaultyCalls : public SystemCalls {
 public:
  // The next `times` of `call`, after the next `after`, return -`error` and do nothing.
  // kGetAddrInfo returns `error` itself, an EAI_ code.
  void Fail(Call call, int error, int times = 1, int after = 0);
  // How many have been made, failed ones included.
  int count(Call call) const { return plan(call).made; }

  int Socket(int domain, int type, int protocol) override;
  int Close(int fd) override;
  int Bind(int fd, const sockaddr* address, socklen_t length) override;
  int Connect(int fd, const sockaddr* address, socklen_t length) override;
  int GetSockName(int fd, sockaddr* address, socklen_t* length) override;
  int SetSockOpt(int fd, int level, int name, const void* value, socklen_t length) override;
  int GetSockOpt(int fd, int level, int name, void* value, socklen_t* length) override;
  ssize_t SendTo(int fd, const void* data, size_t size, int flags, const sockaddr* to,
                 socklen_t length) override;
  ssize_t SendMsg(int fd, const msghdr* message, int flags) override;
  int SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags) override;
  ssize_t RecvFrom(int fd, void* data, size_t size, int flags, sockaddr* from,
                   socklen_t* length) override;
  ssize_t RecvMsg(int fd, msghdr* message, int flags) override;
  int RecvMMsg(int fd, mmsghdr* messages, unsigned count, int flags) override;
  int Poll(pollfd* entries, size_t count, int milliseconds) override;
  int Pipe(int ends[2]) override;
  int EpollCreate1(int flags) override;
  int EpollCtl(int epoll, int operation, int fd, epoll_event* event) override;
  int EpollPwait2(int epoll, epoll_event* events, int max, const timespec* timeout) override;
  int EpollWait(int epoll, epoll_event* events, int max, int milliseconds) override;
  int PPoll(pollfd* entries, size_t count, const timespec* timeout) override;
  int EventFd(unsigned value, int flags) override;
  int TimerFdCreate(int clock, int flags) override;
  int TimerFdSetTime(int fd, int flags, const itimerspec* value) override;
  ssize_t Write(int fd, const void* data, size_t size) override;
  int GetIfAddrs(ifaddrs** list) override;
  int InterfaceMtu(int fd, ifreq* request) override;
  int GetAddrInfo(const char* name, const addrinfo* hints, addrinfo** list, int* error) override;
  int StartThread(void* (*body)(void*), void* argument) override;

 private:
  struct Plan {
    std::atomic<int> made = 0;
    std::atomic<int> error = 0;
    std::atomic<int> first = 0;  // Calls number [first, end) fail.
    std::atomic<int> end = 0;
  };

  Plan& plan(Call call) { return plans_[static_cast<size_t>(call)]; }
  const Plan& plan(Call call) const { return plans_[static_cast<size_t>(call)]; }
  // The error that this call fails with; 0 if it is to be made.
  int Count(Call call);

  std::array<Plan, static_cast<size_t>(Call::kCount)> plans_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_TESTS_PLATFORM_FAULTY_CALLS_H_
