// SPDX-License-Identifier: Apache-2.0
//
// File: system_calls.h
//
// `SystemCalls` is the one way from engines on Unix to the operating system. A test derives from it
// to make a call fail, and sees what an engine makes of it. Here are the calls that all of these
// systems have; those of one alone are added in a folder, or a part of this page, of its own.
//
// Each function is the call of its name, with one difference: where the call returns -1 and sets
// errno, the function returns the negated errno. What a call is not asked for here is left out.

#ifndef POLLUX_PLATFORM_POSIX_SYSTEM_CALLS_H_
#define POLLUX_PLATFORM_POSIX_SYSTEM_CALLS_H_

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <ctime>

#include "absl/base/optimization.h"
#include "platform/posix/message_calls.h"
#include "platform/posix/system.h"

#if POLLUX_HAS_KQUEUE
// After <sys/types.h>.
#include <sys/event.h>
#endif

namespace pollux::posix {

// Thread-safe, as the calls are. The default is the operating system itself.
class SystemCalls {
 public:
  SystemCalls() = default;
  SystemCalls(const SystemCalls&) = delete;
  SystemCalls& operator=(const SystemCalls&) = delete;
  virtual ~SystemCalls();

  // Sockets.
  // socket(2), and nothing that is executed later inherits it.
  virtual int Socket(int domain, int type, int protocol);
  virtual int Close(int fd);
  virtual int Bind(int fd, const sockaddr* address, socklen_t length);
  virtual int Connect(int fd, const sockaddr* address, socklen_t length);
  virtual int GetSockName(int fd, sockaddr* address, socklen_t* length);
  virtual int SetSockOpt(int fd, int level, int name, const void* value, socklen_t length);
  virtual int GetSockOpt(int fd, int level, int name, void* value, socklen_t* length);
  virtual int SetNonBlocking(int fd);  // fcntl(F_SETFL) with O_NONBLOCK

  // Datagrams.
  virtual ssize_t SendTo(int fd, const void* data, size_t size, int flags, const sockaddr* to,
                         socklen_t length);
  virtual ssize_t SendMsg(int fd, const msghdr* message, int flags);
  virtual ssize_t RecvFrom(int fd, void* data, size_t size, int flags, sockaddr* from,
                           socklen_t* length);
  virtual ssize_t RecvMsg(int fd, msghdr* message, int flags);
  // Many of them, where the system has calls for that: message_calls.h.
  virtual ssize_t SendMsgX(int fd, const BatchMessage* messages, unsigned count, int flags);
  virtual ssize_t RecvMsgX(int fd, BatchMessage* messages, unsigned count, int flags);
  // `SendTo` and `RecvFrom`, which a datagram takes one of, and `Poll`, on the straight way where
  // nobody has taken hold of them: after a system call a processor can foresee no return from a
  // function, and each costs several nanoseconds.
  ssize_t SendStraight(int fd, const void* data, size_t size, int flags, const sockaddr* to,
                       socklen_t length) {
    if (ABSL_PREDICT_FALSE(!straight_)) return SendTo(fd, data, size, flags, to, length);
    const ssize_t result = ::sendto(fd, data, size, flags, to, length);
    return result < 0 ? -errno : result;
  }
  ssize_t ReceiveStraight(int fd, void* data, size_t size, int flags, sockaddr* from,
                          socklen_t* length) {
    if (ABSL_PREDICT_FALSE(!straight_)) return RecvFrom(fd, data, size, flags, from, length);
    const ssize_t result = ::recvfrom(fd, data, size, flags, from, length);
    return result < 0 ? -errno : result;
  }
  int PollStraight(pollfd* entries, size_t count, int milliseconds) {
    if (ABSL_PREDICT_FALSE(!straight_)) return Poll(entries, count, milliseconds);
    const int result = ::poll(entries, static_cast<nfds_t>(count), milliseconds);
    return result < 0 ? -errno : result;
  }

  // Waiting.
  virtual int Poll(pollfd* entries, size_t count, int milliseconds);
  virtual int Pipe(int ends[2]);  // Which nothing that is executed later inherits.
  virtual ssize_t Read(int fd, void* data, size_t size);
  virtual ssize_t Write(int fd, const void* data, size_t size);
  virtual int ClockGetTime(clockid_t clock, timespec* now);
#if POLLUX_HAS_KQUEUE
  virtual int Kqueue();
  // kevent(2); a null `timeout` waits for ever.
  virtual int Kevent(int queue, const struct kevent* changes, int change_count,
                     struct kevent* events, int max, const timespec* timeout);
#endif

  // Interfaces.
  virtual int GetIfAddrs(ifaddrs** list);
  virtual void FreeIfAddrs(ifaddrs* list);
  virtual int InterfaceMtu(int fd, ifreq* request);  // ioctl(SIOCGIFMTU)
  virtual char* IfIndexToName(unsigned index, char* name);

  // Names. Returns 0 or an EAI_ code; with EAI_SYSTEM `*error` is the errno.
  virtual int GetAddrInfo(const char* name, const addrinfo* hints, addrinfo** list, int* error);
  virtual void FreeAddrInfo(addrinfo* list);
  // pthread_create for a detached thread that takes no signals.
  virtual int StartThread(void* (*body)(void*), void* argument);

 protected:
  bool straight_ = false;  // Nothing is overridden.
};

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_SYSTEM_CALLS_H_
